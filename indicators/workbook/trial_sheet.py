"""「七项指标试算」: formulas that show the seven values, the school rule and the difference coefficients while a clerk
types. Pure.

Row by row beside 「学校数据」: its cells are taken with INDEX by a fixed row number, so that sorting, deleting or
inserting schools there breaks no formula. Only functions that Excel, WPS and LibreOffice share. What cannot be computed
says 无法核算, an empty row stays empty, and nothing here is ever read: the verdict is made from the figures alone.
Contradictions that refuse an amount of the indicators after the upload refuse it here too; the other checks wait for
the upload.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from openpyxl.utils import get_column_letter, quote_sheetname  # type: ignore[import-untyped]
from openpyxl.worksheet.formula import ArrayFormula  # type: ignore[import-untyped]

from indicators.catalogue import FIELDS, SCHOOL_SHEET
from indicators.workbook.template_cells import dress, lay_on_paper, protect, put, put_text
from indicators.workbook.template_colours import colour_rule
from indicators.workbook.trial_rules import TrialIndicator, TrialMeasure, TrialRules
from schools.vocabulary import WORKBOOK_SCHOOL_TYPES, SchoolType, Stage

TRIAL_SHEET = "七项指标试算"
UNKNOWN = "无法核算"
MET, NOT_MET = "达标", "不达标"
#: How a row's standing begins where the county's schools are in doubt until it is put right.
TO_CORRECT = "待更正"

#: openpyxl carries no types; the name says what is meant.
Sheet = Any

_TITLE_ROW, _HINT_ROW, _STAGE_ROW, _HEADER_ROW = 1, 2, 3, 4
_LIMIT_ROW, _FLOOR_ROW, _MEAN_ROW, _DEVIATION_ROW, _COEFFICIENT_ROW, _BOUND_ROW, _VERDICT_ROW = range(5, 12)
#: Where the rows of the schools begin.
FIRST_ROW = 13
#: Stand in a formula for its own row and for the row of 「学校数据」 until both are known.
_ROW, _SOURCE_ROW = "\x00", "\x01"
_STANDING = "B"
_HINT = (
    "随「学校数据」自动计算，供填报时参考，不用填写，也不读取；以上传后的核算结果为准。"
    "绿色：达到要求；黄色：不低于底线；红色：低于底线；灰色：缺少数据，无法核算。"
)
_TOTAL_WORDS = ("合计", "总计", "小计")
#: A limit is compared with so much of it: binary fractions are off by far less, and no value steps so finely.
_ALMOST, _BARELY = "0.9999999999999", "1.0000000000001"
#: Part and whole: a part larger than its whole is refused after the upload, so neither gives a value here.
_WHOLE_OF = {"indoor_sports_area": "teaching_area"}
_DARK, _LIGHT, _WHITE, _GREY = "1F4E78", "F5F5F5", "FFFFFF", "595959"
_STAGE_FILLS = {Stage.PRIMARY: "DDEBF7", Stage.JUNIOR: "FFF2CC"}
_GREEN, _AMBER, _RED, _UNKNOWN = ("E2EFDA", "375623"), ("FFF2CC", "7F6000"), ("FCE4D6", "C00000"), ("E7E6E6", "595959")
_SUMMARY = {
    _LIMIT_ROW: "要求（不低于）",
    _FLOOR_ROW: "余项的底线",
    _MEAN_ROW: "全县平均值",
    _DEVIATION_ROW: "标准差",
    _COEFFICIENT_ROW: "差异系数",
    _BOUND_ROW: "差异系数上限",
    _VERDICT_ROW: "差异系数是否达标",
}


@dataclass(frozen=True, slots=True)
class _Block:
    """The columns of one stage: pupils, one per indicator, and the school rule; ``letters`` are those of the
    indicators."""

    stage: Stage
    pupils: str
    letters: tuple[str, ...]
    result: str

    @property
    def values(self) -> tuple[str, str]:
        return self.letters[0], self.letters[-1]


def value_columns(rules: TrialRules) -> dict[tuple[Stage, str], str]:
    """Column letter of each stage's indicator on the sheet."""
    return {
        (block.stage, indicator.code): letter
        for block in _blocks(rules)
        for indicator, letter in zip(rules.indicators, block.letters, strict=True)
    }


def write_trial(sheet: Sheet, rules: TrialRules, *, header_row: int, last_row: int, last_read_row: int) -> None:
    """Write the sheet for the schools in the rows below ``header_row`` of 「学校数据」, down to ``last_row``; schools
    further down, to ``last_read_row``, are said to be left out."""
    writer = _Writer(sheet, rules, header_row, last_row, last_read_row)
    writer.write_head()
    writer.write_rows()
    writer.write_colours()
    lay_on_paper(sheet, 1, f"{_STAGE_ROW}:{_HEADER_ROW}")
    protect(sheet)


def _blocks(rules: TrialRules) -> tuple[_Block, ...]:
    blocks = []
    column = 3
    for stage in Stage:
        letters = tuple(get_column_letter(column + 1 + n) for n in range(len(rules.indicators)))
        result = get_column_letter(column + 1 + len(letters))
        blocks.append(_Block(stage, get_column_letter(column), letters, result))
        column += len(letters) + 2
    return tuple(blocks)


def _is(cell: str, words: Iterable[str]) -> str:
    """The condition that a cell is one of the words."""
    tests = [f'{cell}="{word}"' for word in words]
    return "FALSE()" if not tests else tests[0] if len(tests) == 1 else f"OR({','.join(tests)})"


class _Writer:
    def __init__(self, sheet: Sheet, rules: TrialRules, header_row: int, last_row: int, last_read_row: int) -> None:
        self._sheet = sheet
        self._rules = rules
        self._source = quote_sheetname(SCHOOL_SHEET)
        self._shift = FIRST_ROW - header_row - 1
        self._count = last_row - header_row
        self._last_row = last_row
        self._last_read_row = last_read_row
        self._blocks = _blocks(rules)
        self._last = FIRST_ROW + self._count - 1
        # Three columns of intermediate steps stand hidden behind the last stage.
        behind = len(rules.indicators) * len(self._blocks) + 2 * len(self._blocks) + 3
        self._reason, self._senior, self._split = (get_column_letter(behind + n) for n in range(3))
        self._columns = {field.key: get_column_letter(n) for n, field in enumerate(FIELDS, 1)}

    # --- references into 「学校数据」

    def _range(self, first: str, last: str | None = None) -> str:
        return f"{self._source}!${first}$1:${last or first}${self._last_read_row}"

    def _cell(self, key: str) -> str:
        return f"INDEX({self._range(self._columns[key])},{_SOURCE_ROW})"

    def _row(self) -> str:
        return self._run("A", self._columns[FIELDS[-1].key])

    def _run(self, first: str, last: str) -> str:
        if first == last:
            return f"INDEX({self._range(first)},{_SOURCE_ROW})"
        return f"INDEX({self._range(first, last)},{_SOURCE_ROW},0)"

    def _figures(self, stage: Stage) -> str:
        """The cells of a stage in runs of neighbouring columns, as the arguments of a function."""
        runs = [
            [self._columns[field.key] for field in run]
            for is_own, run in groupby(FIELDS, key=lambda field: field.stage is stage)
            if is_own
        ]
        return ",".join(self._run(run[0], run[-1]) for run in runs)

    # --- one school

    def _name(self) -> str:
        name = self._cell("name")
        return f'IF(TRIM({name})="","",{name})'

    def _leave_out(self) -> str:
        """Why the school is left out, empty where it is not; a row that is no school is left out too."""
        code, name, school_type = (self._cell(key) for key in ("code", "name", "school_type"))
        formula = '""'
        primary, junior = (self._cell(f"{stage.value.lower()}_enrollment") for stage in Stage)
        for exclusion in reversed(self._rules.exclusions):
            if exclusion.school_type not in WORKBOOK_SCHOOL_TYPES:
                continue
            reason = exclusion.reason.replace('"', '""')
            if exclusion.fewer_pupils_than is None:
                test = f'{school_type}="{exclusion.school_type.label}"'
            else:
                test = (
                    f'AND({school_type}="{exclusion.school_type.label}",ISNUMBER({primary}),'
                    f'OR(ISNUMBER({junior}),TRIM({junior})=""),MIN({primary},{junior})>=0,'
                    f"SUM({primary},{junior})<{exclusion.fewer_pupils_than},"
                    f"OR(SUM({primary},{junior})>0,SUM({self._figures(Stage.PRIMARY)})=0))"
                )
            formula = f'IF({test},"不计入：{reason}",{formula})'
        totals = f"OR({_is(f'TRIM({code})', _TOTAL_WORDS)},{_is(f'TRIM({name})', _TOTAL_WORDS)})"
        return f'IF({totals},"不计入：合计行",{formula})'

    def _pupils(self, stage: Stage, row: str) -> str:
        """The pupils of a stage that is counted, 无法核算 where they are missing, empty where there is no such row."""
        given, school_type = self._cell(f"{stage.value.lower()}_enrollment"), self._cell("school_type")
        other = next(s for s in Stage if s is not stage)
        runs = _is(school_type, (t.label for t in SchoolType if stage in t.stages))
        continuous = _is(school_type, (t.label for t in SchoolType if t.is_continuous))
        excused = f"AND({continuous},COUNTA({self._figures(stage)})=0,COUNTA({self._figures(other)})>0)"
        missing = f'IF({runs},IF({excused},"","{UNKNOWN}"),"")'
        # Nought pupils beside classes and teachers are missing pupils.
        nought = f'IF({runs},IF(SUM({self._figures(stage)})>0,"{UNKNOWN}",""),"")'
        number = f'IF({given}=0,{nought},IF(AND({given}>0,{given}=INT({given})),{given},"{UNKNOWN}"))'
        known = f'IF(ISNUMBER({given}),{number},IF(TRIM({given})="",{missing},"{UNKNOWN}"))'
        return f'IF(${self._reason}{row}<>"","",{known})'

    def _senior_pupils(self) -> str:
        given = self._cell("senior_enrollment")
        has_senior = _is(self._cell("school_type"), (t.label for t in SchoolType if t.has_senior_stage))
        number = f'IF(AND({given}>=0,{given}=INT({given})),{given},"{UNKNOWN}")'
        return f'IF(ISNUMBER({given}),{number},IF(TRIM({given})="",IF({has_senior},"{UNKNOWN}",0),"{UNKNOWN}"))'

    def _split_total(self, row: str) -> str:
        cells = [*(f"${block.pupils}{row}" for block in self._blocks), f"${self._senior}{row}"]
        total = "+".join(f"{weight}*N({cell})" for weight, cell in zip(self._rules.weights, cells, strict=True))
        return f'IF({_is_any_unknown(cells)},"{UNKNOWN}",{total})'

    def _value(self, block: _Block, indicator: TrialIndicator, row: str) -> str:
        measure = indicator.stages[block.stage]
        pupils = f"${block.pupils}{row}"
        cells = [self._cell(key) for key in (*measure.plus, *measure.minus)]
        tests = [f"COUNT({','.join(cells)})<{len(cells)}", f"MIN({','.join(cells)})<0"]
        amount = _amount(measure, self._cell)
        for key in (*measure.plus, *measure.minus):
            if key in _WHOLE_OF:
                part, whole = self._cell(key), self._cell(_WHOLE_OF[key])
                tests.append(f"AND(ISNUMBER({whole}),{part}>{whole})")
        if not indicator.is_shared:
            # More teachers of a kind than teachers: refused after the upload, so no value here either.
            teachers = self._cell(f"{block.stage.value.lower()}_full_time_teachers")
            tests.append(f"AND(ISNUMBER({teachers}),{amount}>{teachers})")
        divisor, factor = pupils, indicator.factor
        if indicator.is_shared:
            divisor = f"${self._split}{row}"
            factor *= self._rules.weights[list(Stage).index(block.stage)]
            tests.append(f"NOT(ISNUMBER({divisor}))")
        return f'IF(ISNUMBER({pupils}),IF(OR({",".join(tests)}),"{UNKNOWN}",({amount})*{factor}/{divisor}),{pupils})'

    def _school_rule(self, block: _Block, row: str) -> str:
        first, last = block.values
        values = f"${first}{row}:${last}{row}"

        def below(limits_row: int) -> str:
            limits = f"${first}${limits_row}:${last}${limits_row}"
            return f"SUMPRODUCT(ISNUMBER({values})*({values}<{limits}*{_ALMOST}))"

        count = len(block.letters)
        not_attained = below(_LIMIT_ROW)
        spare = count - self._rules.attained_at_least
        lost = f"OR({below(_FLOOR_ROW)}>0,{not_attained}>{spare})"
        attained = f"COUNT({values})-{not_attained}"
        met = f'IF({not_attained}=0,"{MET}","{MET}（"&{attained}&"项达到要求，其余不低于底线）")'
        told = f'IF({lost},"{NOT_MET}（"&({attained})&"项达到要求）",IF(COUNT({values})<{count},"{UNKNOWN}",{met}))'
        return f'IF(${block.pupils}{row}="","",{told})'

    def _school_standing(self, row: str) -> str:
        code, school_type = self._cell("code"), self._cell("school_type")
        known = _is(school_type, (t.label for t in WORKBOOK_SCHOOL_TYPES))
        no_pupils = "AND(" + ",".join(f'${block.pupils}{row}=""' for block in self._blocks) + ")"
        reason = f"${self._reason}{row}"
        return (
            f'IF(COUNTA({self._row()})=0,"",IF({reason}="不计入：合计行",{reason},'
            f'IF(TRIM({code})="","{TO_CORRECT}：没有学校标识码",'
            f'IF(COUNTIF({self._range("A")},{code})>1,"{TO_CORRECT}：学校标识码重复",'
            f'IF(NOT({known}),"{TO_CORRECT}：办学类型",IF({reason}<>"",{reason},'
            f'IF({no_pupils},"不计入：没有在校生","计入")))))))'
        )

    def write_rows(self) -> None:
        """One row of formulas a school, all of them alike but for their row number."""
        formulas: dict[str, Callable[[str], str]] = {
            "A": lambda row: self._name(),
            _STANDING: self._school_standing,
            self._reason: lambda row: self._leave_out(),
            self._senior: lambda row: self._senior_pupils(),
            self._split: self._split_total,
        }
        for block in self._blocks:
            formulas[block.pupils] = partial(self._pupils, block.stage)
            for indicator, letter in zip(self._rules.indicators, block.letters, strict=True):
                formulas[letter] = partial(self._value, block, indicator)
            formulas[block.result] = partial(self._school_rule, block)
        numbers = {letter for block in self._blocks for letter in block.letters}
        for letter, formula in formulas.items():
            # The text once, then only its numbers: building 20 texts for each of 300 schools costs a second.
            text = "=" + formula(_ROW)
            top = self._sheet[f"{letter}{FIRST_ROW}"]
            dress(
                top, ruled=True, shrink=True,
                horizontal="right" if letter in numbers else "left" if letter in ("A", _STANDING) else "center",
                number_format="0.00" if letter in numbers else "General",
            )  # fmt: skip
            for row in range(FIRST_ROW, self._last + 1):
                cell = self._sheet[f"{letter}{row}"]
                cell.value = text.replace(_SOURCE_ROW, str(row - self._shift)).replace(_ROW, str(row))
                cell._style = top._style

    # --- the county

    def _in_array(self, block: _Block, letter: str, what: str) -> str:
        """Σ of ``what`` over the rows whose value is a number."""
        values = f"{letter}${FIRST_ROW}:{letter}${self._last}"
        return f"SUM(IF(ISNUMBER({values}),{what},0))"

    def write_head(self) -> None:
        """Title, limits, and the county's mean, deviation and coefficient of each indicator."""
        sheet, last = self._sheet, self._blocks[-1].result
        put_text(sheet[f"A{_TITLE_ROW}"], f"七项指标试算　依据：{self._rules.name}")
        dress(sheet[f"A{_TITLE_ROW}"], size=12, bold=True, ink=_WHITE, fill=_DARK)
        put_text(sheet[f"A{_HINT_ROW}"], _HINT)
        dress(sheet[f"A{_HINT_ROW}"], size=9, ink=_GREY, fill=_LIGHT, wrap=True)
        for row in (_TITLE_ROW, _HINT_ROW):
            sheet.merge_cells(f"A{row}:{last}{row}")
        sheet.row_dimensions[_TITLE_ROW].height = 26
        sheet.row_dimensions[_HINT_ROW].height = 30
        sheet.row_dimensions[_HEADER_ROW].height = 44
        for letter, text in (("A", "学校名称"), (_STANDING, "是否计入")):
            for row in (_STAGE_ROW, _HEADER_ROW):
                dress(sheet[f"{letter}{row}"], bold=True, fill=_LIGHT, ruled=True, horizontal="center", wrap=True)
            put_text(sheet[f"{letter}{_HEADER_ROW}"], text)
        for row, text in _SUMMARY.items():
            put_text(sheet[f"A{row}"], text)
            for letter in ("A", _STANDING):
                dress(sheet[f"{letter}{row}"], bold=True, fill=_LIGHT, ruled=True, shrink=True)
        self._write_doubts()
        for block in self._blocks:
            self._write_stage_head(block)
        sheet.column_dimensions["A"].width = 27
        sheet.column_dimensions[_STANDING].width = 22
        for letter in (self._reason, self._senior, self._split):
            sheet.column_dimensions[letter].hidden = True
        sheet.freeze_panes = f"C{FIRST_ROW}"
        sheet.sheet_view.showGridLines = False
        sheet.sheet_properties.tabColor = _GREY

    def _write_doubts(self) -> None:
        """Rows whose school is in doubt, and schools below the last row: with either, there is no coefficient."""
        standings = f"${_STANDING}${FIRST_ROW}:${_STANDING}${self._last}"
        below = f"{self._source}!$A${self._last_row + 1}:$B${max(self._last_read_row, self._last_row + 1)}"
        self._sheet[f"{_STANDING}{_COEFFICIENT_ROW}"].value = (
            f'=IF(SUMPRODUCT((LEFT({standings},{len(TO_CORRECT)})="{TO_CORRECT}")*1)>0,"先更正标有“{TO_CORRECT}”的学校",'
            f'IF(COUNTA({below})>0,"第{self._last_row}行以下的学校没有计入",""))'
        )

    def _write_stage_head(self, block: _Block) -> None:
        sheet, fill = self._sheet, _STAGE_FILLS[block.stage]
        for letter in (block.pupils, *block.letters, block.result):
            dress(sheet[f"{letter}{_STAGE_ROW}"], bold=True, ink=_WHITE, fill=_DARK, ruled=True, horizontal="center")
            for row in (_HEADER_ROW, *_SUMMARY):
                dress(sheet[f"{letter}{row}"], bold=True, fill=fill, ruled=True, horizontal="center", wrap=True)
            sheet.column_dimensions[letter].width = 11
        sheet.column_dimensions[block.result].width = 20
        put_text(sheet[f"{block.pupils}{_STAGE_ROW}"], block.stage.label)
        sheet.merge_cells(f"{block.pupils}{_STAGE_ROW}:{block.result}{_STAGE_ROW}")
        put_text(sheet[f"{block.pupils}{_HEADER_ROW}"], "在校生数")
        put_text(sheet[f"{block.result}{_HEADER_ROW}"], "学校是否达标")
        for indicator, letter in zip(self._rules.indicators, block.letters, strict=True):
            self._write_indicator_head(block, indicator, letter)

    def _write_indicator_head(self, block: _Block, indicator: TrialIndicator, letter: str) -> None:
        sheet, measure = self._sheet, indicator.stages[block.stage]
        put_text(sheet[f"{letter}{_HEADER_ROW}"], f"{indicator.code} {indicator.name}({indicator.unit})")
        for row, number in (
            (_LIMIT_ROW, measure.limit),
            (_FLOOR_ROW, measure.floor),
            (_BOUND_ROW, self._rules.coefficient_limits[block.stage]),
        ):
            put(sheet[f"{letter}{row}"], number)
        pupils = f"${block.pupils}${FIRST_ROW}:${block.pupils}${self._last}"
        values = f"{letter}${FIRST_ROW}:{letter}${self._last}"
        mean, deviation, found = (f"{letter}{row}" for row in (_MEAN_ROW, _DEVIATION_ROW, _COEFFICIENT_ROW))
        total = f"SUM({pupils})"
        doubt = (
            f'OR(COUNTIF({values},"{UNKNOWN}")>0,COUNTIF({pupils},"{UNKNOWN}")>0,${_STANDING}${_COEFFICIENT_ROW}<>"")'
        )
        mean_of = f"{self._in_array(block, letter, f'{pupils}*{values}')}/{total}"
        spread = f"SQRT({self._in_array(block, letter, f'{pupils}*({values}-{mean})^2')}/{total})"
        none = f'SUMPRODUCT(({pupils}<>"")*1)=0'
        for cell, formula in (
            (mean, f'=IF({none},"",IF({doubt},"{UNKNOWN}",{mean_of}))'),
            (deviation, f"=IF(ISNUMBER({mean}),{spread},{mean})"),
        ):
            # One pass over the rows needs an array formula: SUMPRODUCT stumbles over the words between the numbers.
            sheet[cell] = ArrayFormula(cell, formula)
        sheet[found].value = f'=IF(ISNUMBER({deviation}),IF({mean}>0,{deviation}/{mean},"{UNKNOWN}"),{mean})'
        bound = f"{letter}{_BOUND_ROW}"
        sheet[
            f"{letter}{_VERDICT_ROW}"
        ].value = f'=IF(ISNUMBER({found}),IF({found}<={bound}*{_BARELY},"{MET}","{NOT_MET}"),{found})'
        for row, shown in ((_MEAN_ROW, "0.00"), (_DEVIATION_ROW, "0.000"), (_COEFFICIENT_ROW, "0.000")):
            sheet[f"{letter}{row}"].number_format = shown

    # --- colours

    def write_colours(self) -> None:
        """Green, amber, red and grey for values, schools and coefficients; the words say the same."""
        for block in self._blocks:
            first, last = block.values
            area = f"{first}{FIRST_ROW}:{last}{self._last}"
            value, limit, floor = (f"{first}{row}" for row in (FIRST_ROW, f"${_LIMIT_ROW}", f"${_FLOOR_ROW}"))
            for test, look in (
                (f'{value}="{UNKNOWN}"', _UNKNOWN),
                (f"AND(ISNUMBER({value}),{value}<{floor}*{_ALMOST})", _RED),
                (f"AND(ISNUMBER({value}),{value}<{limit}*{_ALMOST})", _AMBER),
                (f"ISNUMBER({value})", _GREEN),
            ):
                self._colour(area, test, look)
            for area, top in (
                (f"{block.result}{FIRST_ROW}:{block.result}{self._last}", f"{block.result}{FIRST_ROW}"),
                (f"{first}{_VERDICT_ROW}:{last}{_VERDICT_ROW}", f"{first}{_VERDICT_ROW}"),
            ):
                for words, look in ((UNKNOWN, _UNKNOWN), (NOT_MET, _RED), (MET, _GREEN)):
                    self._colour(area, f'LEFT({top},{len(words)})="{words}"', look)
        standing = f"{_STANDING}{FIRST_ROW}"
        self._colour(f"{standing}:{_STANDING}{self._last}", f'LEFT({standing},{len(TO_CORRECT)})="{TO_CORRECT}"', _RED)
        doubt = f"{_STANDING}{_COEFFICIENT_ROW}"
        self._colour(doubt, f'{doubt}<>""', _RED)

    def _colour(self, area: str, test: str, look: tuple[str, str]) -> None:
        self._sheet.conditional_formatting.add(area, colour_rule(test, *look, stop=True))


def _is_any_unknown(cells: Sequence[str]) -> str:
    tests = [f'{cell}="{UNKNOWN}"' for cell in cells]
    return f"OR({','.join(tests)})"


def _amount(measure: TrialMeasure, cell: Any) -> str:
    plus = f"SUM({','.join(cell(key) for key in measure.plus)})"
    return f"{plus}-SUM({','.join(cell(key) for key in measure.minus)})" if measure.minus else plus
