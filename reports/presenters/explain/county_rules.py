"""Items made from county figures, from what the province entered, or from evidence alone, computed again."""

from __future__ import annotations

from fractions import Fraction

from evaluation.core.items import SURVEY_FIGURES
from evaluation.core.rounding import plain
from evaluation.core.standard import Criterion, RatioPart
from evaluation.core.status import Status
from indicators.catalogue import COUNTY_ITEM_BY_CODE
from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import Step
from reports.presenters.explain.parts import Figure, ItemCount, share_text


def county_ratios(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Each part a ratio with a least value; a zero denominator is unknown, never met."""
    found = [_ratio(frozen, part) for part in criterion.parts]
    needed = tuple(filter(None, criterion.parameters.get("needs", "").split(",")))
    is_open = None in found or any(frozen.figure(code) is None for code in needed)
    has_failed = any(
        value is not None and value < part.limit for value, part in zip(found, criterion.parts, strict=True)
    )
    codes = tuple(
        dict.fromkeys(
            [code for part in criterion.parts for code in (*part.numerator, *part.denominator)] + list(needed)
        )
    )
    return ItemCount(
        Status.NOT_MET if has_failed else Status.UNKNOWN if is_open else Status(criterion.then),
        found[0],
        {part.figure: value for part, value in zip(criterion.parts, found, strict=True)},
        (),
        tuple(_ratio_step(frozen, part, value) for part, value in zip(criterion.parts, found, strict=True)),
        codes,
    )


def _sides(frozen: Frozen, part: RatioPart) -> tuple[Fraction | None, Fraction | None]:
    sides = []
    for codes in (part.numerator, part.denominator):
        values = [frozen.figure(code) for code in codes]
        sides.append(None if None in values else sum(values, Fraction(0)))  # type: ignore[arg-type]
    return sides[0], sides[1]


def _ratio(frozen: Frozen, part: RatioPart) -> Fraction | None:
    above, below = _sides(frozen, part)
    return None if above is None or not below else above * part.factor / below


def _ratio_step(frozen: Frozen, part: RatioPart, value: Fraction | None) -> Step:
    above, below = _sides(frozen, part)
    names = "＋".join(COUNTY_ITEM_BY_CODE[code].name for code in part.numerator)
    label = f"{names} ÷ {'＋'.join(COUNTY_ITEM_BY_CODE[code].name for code in part.denominator)}"
    if above is None or below is None:
        lacking = [code for code in (*part.numerator, *part.denominator) if frozen.figure(code) is None]
        return Step(label, f"{'、'.join(lacking)} 缺，无法核算")
    if value is None:
        return Step(label, "分母为 0，无法核算")
    compared = f" {'≥' if value >= part.limit else '<'} {plain(part.limit)}" if part.limit else "（只列出，不设限值）"
    terms = " + ".join(plain(frozen.figure(code) or 0) for code in part.numerator)
    summed = f"{terms} = {plain(above)}；" if len(part.numerator) > 1 else ""
    return Step(label, f"{summed}{share_text(above, below, part.factor)}{compared}")


def monitoring(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Each subject's grade and its difference between schools; nothing at all awaits the State."""
    grade_codes, difference_codes = (tuple(criterion.parameters[n].split(",")) for n in ("grades", "differences"))
    grades = [frozen.figure(code) for code in grade_codes]
    differences = [frozen.figure(code) for code in difference_codes]
    least, below = criterion.number("grade"), criterion.number("difference")
    low = sum(grade is not None and grade < least for grade in grades)
    high = sum(each is not None and each >= below for each in differences)
    missing = (grades + differences).count(None)
    if low or high:
        status = Status.NOT_MET
    elif missing:
        status = Status.TO_JUDGE if missing == len(grades) + len(differences) else Status.UNKNOWN
    else:
        status = Status.MET
    figures: dict[str, Figure] = {
        "low_grades": low,
        "high_differences": high,
        "difference_limit": criterion.parameters["difference"],
        "missing": missing,
    }
    steps = []
    for grade, difference in zip(grade_codes, difference_codes, strict=True):
        subject = COUNTY_ITEM_BY_CODE[grade].name.rpartition("：")[2]
        far = frozen.figure(difference)
        compared = f"{plain(far)} {'<' if far < below else '≥'} {plain(below)}" if far is not None else "缺"
        is_low = (frozen.figure(grade) or least) < least
        steps.append(
            Step(subject, f"等级 {frozen.figure_text(grade)}{'（未达到）' if is_low else ''}；校际差异率 {compared}")
        )
    return ItemCount(status, low + high, figures, (), tuple(steps), (*grade_codes, *difference_codes))


def years_since(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Calendar years between the year of an earlier certification and the day judged for."""
    code, years = criterion.parameters["item"], criterion.number("years")
    year = frozen.figure(code)
    if year is None:
        return ItemCount(
            Status.UNKNOWN, None, {"year": None, "as_of": str(frozen.as_of.year), "years": None}, (),
            (Step("年数", f"{code} 缺，无法核算"),), (code,),
        )  # fmt: skip
    passed = frozen.as_of.year - year
    sign = "≥" if passed >= years else "<"
    return ItemCount(
        Status.MET if passed >= years else Status.NOT_MET,
        passed,
        {"year": year, "as_of": str(frozen.as_of.year), "years": max(passed, Fraction(0))},
        (),
        (Step("年数", f"{frozen.as_of.year} − {int(year)} = {int(passed)} {sign} {plain(years)}"),),
        (code,),
    )


_SHARES = (("share", "satisfied", "valid", "认可度"), ("valid_share", "valid", "issued", "有效问卷占发放"),
           ("visited_share", "visited_satisfied", "visited", "走访满意"))  # fmt: skip


def survey(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Satisfied ÷ valid questionnaires, as the province entered them; nothing entered awaits the province."""
    columns = {name: frozen.figure(f"{criterion.code}.{name}") for name in SURVEY_FIGURES}
    limit, figures, steps = criterion.number("limit"), dict[str, Figure](), []
    for prefix, people in (("", ""), ("parents_", "家长")):
        for share, part, whole, label in _SHARES:
            above, below = columns[prefix + part], columns[prefix + whole]
            value = 100 * above / below if above is not None and below else None
            figures[prefix + share] = value
            if value is not None and above is not None and below is not None:
                is_decisive = prefix + share == "share"
                compared = f" {'≥' if value >= limit else '<'} {plain(limit)}" if is_decisive else "（只列出）"
                steps.append(Step(people + label, f"{share_text(above, below, 100)}（%）{compared}"))
    satisfied, valid, value = columns["satisfied"], columns["valid"], figures["share"]
    if satisfied is None and valid is None:
        status = Status.TO_JUDGE
    elif not isinstance(value, Fraction):
        status = Status.UNKNOWN
    else:
        status = Status.MET if value >= limit else Status.NOT_MET
    return ItemCount(status, value if isinstance(value, Fraction) else None, figures | columns, (), tuple(steps))


def awaits_inspector(frozen: Frozen, criterion: Criterion, relaxed: bool) -> ItemCount:
    """Nothing is computed: an inspector judges from evidence."""
    return ItemCount(Status.TO_JUDGE)
