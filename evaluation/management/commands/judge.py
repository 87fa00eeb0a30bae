"""Judge one workbook without a server or a login; writes nothing to the database.

Exit code 0: passed; 1: not passed; 2: could not be judged (bad file, missing data, or a fault of this program).
"""

import datetime
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from indicators.problem import Problem, Severity
from indicators.workbook.sandbox import FileRefused, start_reading

PASSED, NOT_PASSED, NOT_JUDGED = 0, 1, 2
_EXIT_CODES = {True: PASSED, False: NOT_PASSED, None: NOT_JUDGED}
STANDARDS = settings.BASE_DIR / "fixtures/standards"
#: Problems told on the terminal; --json holds them all.
_MOST_TOLD = 200


class Command(BaseCommand):
    help = "判定一个工作簿：达标退出码 0，未达标 1，无法判定 2"
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workbook", type=Path, help="填报工作簿（.xlsx 或 .csv）")
        parser.add_argument("--standard", default="2017-quality", help="标准代码（默认 2017-quality）")
        parser.add_argument("--as-of", default=None, metavar="YYYY-MM-DD", help="判定日期（默认今天）")
        parser.add_argument("--json", action="store_true", help="输出一个 JSON 对象")

    def handle(self, *args: Any, workbook: Path, standard: str, as_of: str | None, **options: Any) -> None:
        day = datetime.date.today() if as_of is None else _day(as_of)
        document = STANDARDS / f"{standard}.toml"
        if not document.is_file() or document.parent != STANDARDS:
            known = "、".join(sorted(path.stem for path in STANDARDS.glob("*.toml")))
            raise CommandError(f"没有标准 {standard}。可用的标准：{known}", returncode=NOT_JUDGED)
        try:
            result, lines = _judge(workbook, document, day)
            text = _as_json(result, sys.stdout.encoding) if options["json"] else _as_lines(lines, sys.stdout.encoding)
            self.stdout.write(text)
            sys.stdout.flush()
        except Exception as error:
            # Exit code 1 means "not passed": a fault of ours must never be taken for a verdict.
            traceback.print_exc()
            raise CommandError(f"程序出错，没有得出结论：{error}", returncode=NOT_JUDGED) from error
        sys.exit(_EXIT_CODES[result["passed"]])


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--as-of 应为 YYYY-MM-DD：{text}", returncode=NOT_JUDGED) from error


def _judge(workbook: Path, document: Path, day: datetime.date) -> tuple[dict[str, Any], list[str]]:
    """The result object and the same in lines for a person."""
    if not workbook.is_file():
        kind = "这是一个文件夹或特殊文件，不是工作簿" if workbook.exists() else "找不到文件"
        return _refused(document, FileRefused("file.not_found", f"{kind}：{workbook}"))
    with start_reading(workbook) as reading:
        # The file is read in a child process while this one loads the kernel.
        from evaluation.core.standard import read_standard
        from evaluation.core.told import told_in_lines
        from evaluation.core.verdict import judge_report, not_judged
        from indicators.workbook.aliases import known_aliases
        from indicators.workbook.read import read_report

        standard = read_standard(document)
        try:
            book = reading.result()
        except FileRefused as refusal:
            return _refused(document, refusal)
    found = read_report(book, known_aliases())
    problems = [problem.as_dict() for problem in found.problems]
    if not found.is_judgeable:
        return not_judged(standard) | {"problems": problems}, ["无法判定：没有可用的学校数据。", *_told(problems)]
    result = judge_report(found.report, standard, day)
    lines = told_in_lines(result, standard)
    return result | {"problems": problems}, [*lines, *_told(problems)]


def _refused(document: Path, refusal: FileRefused) -> tuple[dict[str, Any], list[str]]:
    from evaluation.core.standard import read_standard
    from evaluation.core.verdict import not_judged

    problem = Problem(Severity.ERROR, refusal.rule, refusal.message)
    return not_judged(read_standard(document)) | {"problems": [problem.as_dict()]}, ["无法判定：" + refusal.message]


def _told(problems: list[dict[str, str]]) -> list[str]:
    lines = ["", f"数据问题 {len(problems)} 处"] if problems else []
    for problem in problems[:_MOST_TOLD]:
        place = " ".join(part for part in (problem["sheet"], problem["cell"], problem["school"]) if part)
        lines.append(f"  [{Severity(problem['severity']).label}] {place}  {problem['message']}")
    if len(problems) > _MOST_TOLD:
        lines.append(f"  另有 {len(problems) - _MOST_TOLD} 处，用 --json 查看全部。")
    return lines


def _as_json(result: dict[str, Any], encoding: str) -> str:
    text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(result, allow_nan=False)
    return text


def _as_lines(lines: list[str], encoding: str) -> str:
    """The lines as this terminal can show them: what it has no letter for is written as its code."""
    return "\n".join(lines).encode(encoding, "backslashreplace").decode(encoding)
