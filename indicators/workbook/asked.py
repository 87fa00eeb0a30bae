"""What the form asks for in a cell: its kind, its bounds, the words it accepts, and what to write for nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indicators.catalogue import GRADES, CountyItem, Field, Kind
from indicators.report import Value
from indicators.workbook.sandbox import Value as CellValue
from schools.vocabulary import SchoolType, SponsorType, UrbanRural


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cell is asked to hold. ``when_none`` says what to write where there is nothing to report,
    ``when_large`` what to look at where the number is too large."""

    kind: Kind
    unit: str
    places: int
    greatest: int
    choices: tuple[str, ...]
    accepted: Mapping[CellValue, Value]
    when_none: str
    when_large: str


def asked_of(entry: Field | CountyItem) -> Asked:
    """What the form asks for in a column of 「学校数据」 or a row of 「县级数据」."""
    choices: tuple[str, ...] = ()
    accepted: Mapping[CellValue, Value] = {}
    if isinstance(entry, CountyItem):
        is_result = "C27" <= entry.code <= "C38"
        when_none = "没有监测结果的请留空。" if is_result else "没有的填 0。"
        if entry.kind is Kind.GRADE:
            choices, accepted = GRADES, _GRADES
        when_large = "请填小数，例如 12% 填 0.12。" if is_result else ""
    else:
        choices, accepted = entry.choices, _ACCEPTED.get(entry.key, {})
        when_none, when_large = _when_none(entry), ""
    if not when_large:
        has_unit = entry.unit and entry.kind.is_scaled
        when_large = f"请核对是否多输了位数，单位是否为{entry.unit}。" if has_unit else "请核对是否多输了位数。"
    return Asked(entry.kind, entry.unit, entry.places, entry.greatest, choices, accepted, when_none, when_large)


def _when_none(field: Field) -> str:
    if field.stage is not None:
        return f"没有的填 0；学校没有{field.stage.label}部的，{field.stage.label}各栏请留空。"
    if field.kind is Kind.ROOMS:
        return f"没有{field.header[:2]}专用教室的请留空。"
    return "没有高中部的学校请留空。" if field.key == "senior_enrollment" else "没有的填 0。"


def _accepted_sponsors() -> dict[CellValue, Value]:
    accepted: dict[CellValue, Value] = {}
    for sponsor in SponsorType:
        code, label = sponsor.value, sponsor.label
        for text in (str(code), f"{code:02d}", label, sponsor.choice, f"{code}{label}"):
            accepted[text] = sponsor
        accepted[float(code)] = sponsor
    return accepted


_ACCEPTED: Mapping[str, Mapping[CellValue, Value]] = {
    "school_type": {school_type.label: school_type for school_type in SchoolType},
    "sponsor_type": _accepted_sponsors(),
    "urban_rural": {place.label: place for place in UrbanRural},
    "is_boarding": {"是": True, "否": False},
    "is_dense_central": {"是": True, "否": False},
}
_GRADES: Mapping[CellValue, Value] = {
    form: value
    for value, (sign, letters) in enumerate(zip(GRADES, ("I", "II", "III", "IV", "V"), strict=True), 1)
    for form in (sign, letters, str(value), float(value))
}
