"""Judge one workbook without a server or a login; writes nothing to the database.

Exit code 0: passed; 1: not passed; 2: could not be judged (bad file, missing data).
"""

import datetime
import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from indicators.problem import Problem, Severity
from indicators.workbook.sandbox import FileRefused, start_reading

PASSED, NOT_PASSED, NOT_JUDGED = 0, 1, 2
_EXIT_CODES = {True: PASSED, False: NOT_PASSED, None: NOT_JUDGED}
STANDARDS = settings.BASE_DIR / "fixtures/standards"


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--as-of 应为 YYYY-MM-DD：{text}", returncode=NOT_JUDGED) from error


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
        if not workbook.is_file():
            raise CommandError(f"找不到文件：{workbook}", returncode=NOT_JUDGED)
        with start_reading(workbook) as reading:
            # The file is read in a child process while this one loads the kernel.
            from evaluation.core.conclusion import conclusion
            from evaluation.core.standard import read_standard
            from evaluation.core.verdict import judge_report, not_judged
            from indicators.workbook.read import read_report

            parsed = read_standard(document)
            try:
                found = read_report(reading.result())
                problems = found.problems
            except FileRefused as refusal:
                found = None
                problems = (Problem(Severity.ERROR, refusal.rule, refusal.message),)
        if found is not None and found.is_judgeable:
            result = judge_report(found.report, parsed, day)
            sentence = conclusion(result, parsed).sentence
        else:
            result = not_judged(parsed)
            sentence = "无法判定：" + next(
                (p.message for p in problems if p.severity is Severity.ERROR), "文件中没有可用的学校数据。"
            )
        result["problems"] = [problem.as_dict() for problem in problems]
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, allow_nan=False))
        else:
            self.stdout.write(sentence)
            self._tell(result, parsed)
        sys.exit(_EXIT_CODES[result["passed"]])

    def _tell(self, result: dict[str, Any], standard: Any) -> None:
        from evaluation.core.rounding import shown
        from schools.vocabulary import Stage

        places = standard.rounding.coefficient_places
        for stage, told in result["stages"].items():
            limit = standard.coefficient_limits[Stage(stage)]
            self.stdout.write(f"\n{Stage(stage).label}  学校 {told['schools']} 所，差异系数（≤ {float(limit):.2f}）")
            for code, found in told["indicators"].items():
                value = found["coefficient"]
                words = {True: "达标", False: "不达标", None: "无法核算"}[found["passed"]]
                self.stdout.write(f"  {code}  {'—' if value is None else shown(value, places, limit)}  {words}")
        lost = [row for row in result["schools"] if row["passed"] is not True]
        if lost:
            self.stdout.write("\n未达到学校标准或数据缺失的学校")
        for row in lost:
            words = "不达标" if row["passed"] is False else "无法核算"
            self.stdout.write(
                f"  {row['code']} {row['name']} {Stage(row['stage']).label}  {words}，达标 {len(row['attained'])} 项"
            )
        for problem in result["problems"]:
            place = " ".join(part for part in (problem["sheet"], problem["cell"]) if part)
            self.stdout.write(f"\n[{Severity(problem['severity']).label}] {place} {problem['message']}")
