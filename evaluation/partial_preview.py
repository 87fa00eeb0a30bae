"""What a workbook with some schools only would change in a version: every cell, from what to what, and what keeps it
from being carried out. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from evaluation.core.conclusion import conclusion
from evaluation.core.standard import Standard
from evaluation.revisions import written
from indicators.catalogue import ALL_FIELDS, COUNTY_ITEMS, COUNTY_SHEET, FIELD_BY_HEADER, FIELD_BY_KEY, SCHOOL_SHEET
from indicators.checks.rules import RULES
from indicators.models import Submission
from indicators.problem import Problem, Severity
from indicators.queries import registered_elsewhere, report_of
from indicators.report import CountyReport, SchoolReport, Value
from indicators.workbook.asked import asked_of
from indicators.workbook.notes import place_of
from indicators.workbook.read import ReadReport
from indicators.workbook.sandbox import Book
from indicators.workbook.sandbox import Value as CellValue
from indicators.workbook.values import is_empty, read_cell, shown

#: Names written out in one sentence; the rest are counted.
_MOST_NAMED = 5
#: Said of the file as a whole, yet no fault here: a column that is not there stays as it is.
_NO_FAULT = frozenset({"header.missing"})


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of the version's 「学校数据」 that would hold something else. ``is_new`` marks the row of a school that
    the version does not have."""

    code: str
    school: str
    row: int
    cell: str
    header: str
    before: str
    after: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps the whole workbook from being carried out; ``cell`` is an address in the partial workbook."""

    message: str
    sheet: str = ""
    cell: str = ""
    school: str = ""
    header: str = ""


@dataclass(slots=True)
class Preview:
    """Everything a person decides on. ``schools`` is how many of the file's schools the version has."""

    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    schools: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fields of a ``PartialWorkbook`` that hold it."""
        return {
            "changes": [asdict(change) for change in self.changes],
            "faults": [asdict(fault) for fault in self.faults],
            "notes": self.notes,
        }


def preview_of(base: Submission, found: ReadReport, base_book: Book) -> Preview:
    """What the schools of ``found`` would change in ``base``, whose file holds ``base_book``."""
    return _Comparing(base, found, base_book).preview()


class _Comparing:
    """One pass over the schools of a partial workbook."""

    def __init__(self, base: Submission, found: ReadReport, base_book: Book) -> None:
        self._base = base
        self._found = found
        self._report = report_of(base)
        self._elsewhere = registered_elsewhere(base.county, found.report)
        sheet = next((each for each in base_book.sheets if each.name.strip() == SCHOOL_SHEET), None)
        self._cells = dict(sheet.rows) if sheet is not None else {}
        without_value = (place_of(address)[0] for address in sheet.formulas_without_value) if sheet is not None else ()
        self._next_row = max([*self._cells, *without_value, *(s.row for s in self._report.schools)], default=0) + 1
        self._by_code: dict[Value, list[SchoolReport]] = {}
        for school in self._report.schools:
            if code := school.values.get("code"):
                self._by_code.setdefault(code, []).append(school)
        self._preview = Preview()

    def preview(self) -> Preview:
        preview = self._preview
        preview.faults += [
            Fault(each.message, each.sheet, each.cell, self._with_name(each.school), each.header)
            for each in self._found.problems
            if self._is_fault(each)
        ]
        left_out: set[str] = set()
        new_schools = []
        for school in self._found.report.schools:
            code = str(school.values.get("code") or "")
            known = self._by_code.get(code, [])
            if len(known) == 1:
                preview.schools += 1
                preview.changes += self._changes(code, known[0], school, left_out)
            elif known:
                rows = "、".join(str(each.row) for each in known)
                words = f"第 {self._base.version} 版的第 {rows} 行都是这个标识码，无法确定更新哪一行。请先更正那一版。"
                preview.faults.append(self._fault_at(school, words))
            elif code in self._elsewhere:
                words = (
                    "这个学校标识码在学校名录中属于另一个县，不能加入本县的数据。请核对标识码，或先联系管理员更改名录。"
                )
                preview.faults.append(self._fault_at(school, words))
            elif code:
                new_schools.append(school)
                preview.changes += self._new_row(code, school, left_out)
        self._note_what_is_left_out(left_out)
        self._note_new(new_schools)
        self._note_figures()
        return preview

    def _is_fault(self, problem: Problem) -> bool:
        if problem.severity is not Severity.ERROR or problem.sheet == COUNTY_SHEET or problem.rule in _NO_FAULT:
            return False
        return problem.rule != "cell.missing" or not self._is_empty_in_base(problem)

    def _is_empty_in_base(self, problem: Problem) -> bool:
        """Whether a cell that the file leaves empty is just as empty in the version: then nothing is taken away."""
        entry = FIELD_BY_HEADER.get(problem.header)
        school = next((each for each in self._found.report.schools if each.row == problem.row), None)
        known = self._by_code.get(school.values.get("code"), []) if school is not None else []
        if entry is None or len(known) != 1:
            return False
        return entry.key not in known[0].rejected and known[0].values.get(entry.key) in (None, ())

    def _fault_at(self, school: SchoolReport, words: str) -> Fault:
        cell = f"{self._found.columns['code']}{school.row}" if "code" in self._found.columns else ""
        return Fault(words, SCHOOL_SHEET, cell, self._name_of(school), FIELD_BY_KEY["code"].header)

    def _with_name(self, told: str) -> str:
        """The school of a problem, by its name too where the version knows its code."""
        names = [each.values.get("name") for each in self._by_code.get(told, [])]
        return f"{names[0]} {told}" if names and names[0] else told

    def _name_of(self, school: SchoolReport) -> str:
        return str(school.values.get("name") or school.values.get("code") or "")

    def _changes(self, code: str, old: SchoolReport, new: SchoolReport, left_out: set[str]) -> Iterator[Change]:
        school = str(old.values.get("name") or new.values.get("name") or code)
        for entry in ALL_FIELDS:
            if entry.key == "code" or entry.key not in self._found.columns or entry.key in new.rejected:
                continue
            after = _plain(new.values.get(entry.key))
            column = self._base.columns.get(entry.key)
            if column is None:
                if after is not None:
                    left_out.add(entry.header)
                continue
            if entry.key in old.rejected:
                stands = self._cell(old.row, column)
                typed = read_cell(asked_of(entry), None if is_empty(stands) else stands)
                is_usable = typed.fault is None or not RULES[typed.fault.rule].is_error
                is_same = is_usable and _plain(typed.value) == after
                before = shown(stands)
            else:
                value = _plain(old.values.get(entry.key))
                is_same, before = value == after, written(value)
            if not is_same:
                yield Change(code, school, old.row, f"{column}{old.row}", entry.header, before, written(after))

    def _cell(self, row: int, column: str) -> CellValue:
        """What stands in a cell of the version's file, as the sheet holds it."""
        cells = self._cells.get(row, [])
        index = place_of(f"{column}1")[1] - 1
        return cells[index] if index < len(cells) else None

    def _new_row(self, code: str, school: SchoolReport, left_out: set[str]) -> Iterator[Change]:
        """The cells of a school that the version does not have, in the first free row."""
        row, self._next_row = self._next_row, self._next_row + 1
        name = self._name_of(school)
        for entry in ALL_FIELDS:
            after = _plain(school.values.get(entry.key))
            if after is None:
                continue
            column = self._base.columns.get(entry.key)
            if column is None:
                left_out.add(entry.header)
                continue
            yield Change(code, name, row, f"{column}{row}", entry.header, "", written(after), True)

    def _note_what_is_left_out(self, left_out: set[str]) -> None:
        if left_out:
            named = _named([f"「{each.header}」" for each in ALL_FIELDS if each.header in left_out])
            words = (
                f"第 {self._base.version} 版没有{named}，文件中的这些数据不会更新。需要这些数据时，请上传完整的工作簿。"
            )
            self._preview.notes.append(words)
        strange = [each.header for each in self._found.problems if each.rule == "header.unknown" and each.header]
        if strange:
            named = _named([f"「{header}」" for header in strange])
            self._preview.notes.append(f"文件中的{named}不是模板的栏目，其中的数据不使用。")

    def _note_new(self, schools: Sequence[SchoolReport]) -> None:
        if not schools:
            return
        names = {each.values.get("name"): each for each in self._report.schools if each.values.get("name")}
        for school in schools:
            twin = names.get(school.values.get("name"))
            if twin is not None:
                self._preview.notes.append(
                    f"新增学校 {school.values['code']} 与第 {self._base.version} 版第 {twin.row} 行"
                    f"（{twin.values.get('code')}）同名。请核对标识码：如果是同一所学校，请放弃这份文件，改正后重新上传。"
                )
        missing = [each.header for each in ALL_FIELDS if self._lacks(each.key)]
        if missing:
            named = _named([f"「{header}」" for header in missing])
            self._preview.notes.append(f"文件没有{named}，新增学校的这些单元格是空的，更新后请补填。")

    def _lacks(self, key: str) -> bool:
        return key in self._base.columns and key not in self._found.columns and not FIELD_BY_KEY[key].is_extra

    def _note_figures(self) -> None:
        """「县级数据」 is not touched; where the file has other figures there, that is said."""
        old, new = self._report.figures, self._found.report.figures
        other = [item.name for item in COUNTY_ITEMS if item.code in new and new[item.code] != old.get(item.code)]
        if other:
            named = _named([f"「{name}」" for name in other])
            self._preview.notes.append(
                f"文件的「{COUNTY_SHEET}」有 {len(other)} 项与第 {self._base.version} 版不同：{named}。"
                f"这里只更新学校数据，「{COUNTY_SHEET}」不变。"
            )


def add_outcome(
    preview: Preview,
    base: Submission,
    merged: ReadReport,
    standard: Standard,
    before: Mapping[str, Any] | None,
    judge: Callable[[CountyReport], Mapping[str, Any]],
) -> None:
    """Hold what the changed file gives when it is read against what was promised, and note what it would lead to.
    ``before`` is the verdict of the version, None where it has none."""
    surprises = _surprises(preview, report_of(base), merged)
    if surprises:
        preview.faults.append(
            Fault(
                f"试着更新后重新读取，{_named(surprises)}与预览不一致，所以不能这样更新。请上传完整的工作簿。",
            )
        )
        return
    known = set(base.problems.filter(severity=Severity.ERROR).values_list("cell", "rule"))
    fresh = [
        each for each in merged.problems if each.severity is Severity.ERROR and (each.cell, each.rule) not in known
    ]
    if fresh:
        told = "".join(f"{each.cell}：{each.message}" for each in fresh[:2])
        preview.notes.append(f"更新后会新出现 {len(fresh)} 处必须更正，更新后的版本会逐处列出。{told}")
    if before is not None and merged.is_judgeable:
        was, now = conclusion(before, standard), conclusion(judge(merged.report), standard)
        preview.notes.append(f"试算：现在是“{was.word}”，更新后是“{now.word}”。{now.sentence}")


def _surprises(preview: Preview, report: CountyReport, merged: ReadReport) -> list[str]:
    """Cells that would not hold what was promised: the changed ones the new value, all others the old one."""
    promised = {change.cell: change.after for change in preview.changes}
    old = {school.row: school for school in report.schools}
    found = []
    seen = set()
    for school in merged.report.schools:
        before = old.get(school.row)
        for key, column in merged.columns.items():
            cell = f"{column}{school.row}"
            seen.add(cell)
            if key in school.rejected or (cell not in promised and before is not None and key in before.rejected):
                continue
            expected = promised.get(cell)
            if expected is None:
                expected = written(_plain(before.values.get(key))) if before is not None else ""
            if written(_plain(school.values.get(key))) != expected:
                found.append(cell)
    lost = [cell for cell in promised if cell not in seen]
    gone = [f"第 {row} 行" for row in old.keys() - {school.row for school in merged.report.schools}]
    return found + lost + gone


def _plain(value: Value) -> Value:
    """An empty list of rooms is an empty cell."""
    return None if value == () else value


def _named(words: Sequence[str]) -> str:
    named = "、".join(words[:_MOST_NAMED])
    return f"{named}等 {len(words)} 项" if len(words) > _MOST_NAMED else named
