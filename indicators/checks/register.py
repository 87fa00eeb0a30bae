"""Rules that lay a workbook beside the register of schools. Pure.

Without a register nothing can be said; a difference never changes the register, it is asked about.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from indicators.checks.known import Context, RegisteredSchool, SheetFinding
from indicators.checks.rows import Finding, SchoolRows, name_of
from schools.vocabulary import SchoolType, SponsorType, UrbanRural

_PARTICULARS = (
    ("register.type", "school_type"),
    ("register.sponsor", "sponsor_type"),
    ("register.urban_rural", "urban_rural"),
)


def find_differences_from_register(rows: SchoolRows, context: Context) -> Iterator[Finding | SheetFinding]:
    """Schools the register does not know or knows otherwise, and those of the register that are not in the file."""
    known = {school.code: school for school in context.register}
    if not known:
        return
    for position, code in enumerate(rows.columns["code"]):
        if not isinstance(code, str):
            continue
        school = known.get(code)
        if school is None and code in context.elsewhere:
            yield Finding(
                "register.elsewhere", position, "code",
                "这个学校标识码在学校名录中属于另一个县。请核对标识码；因区划调整划入本县的请说明文件，"
                "并联系管理员更改名录：一所学校不能在两个县计算。",
            )  # fmt: skip
            continue
        if school is None:
            yield Finding(
                "register.unknown", position, "code",
                "学校标识码不在本县的学校名录中。请核对标识码；新开办的学校请说明开办时间和批准文件。",
            )  # fmt: skip
            continue
        if school.is_closed:
            yield Finding(
                "register.closed", position, "code",
                f"学校名录中“{school.name}”已停办。请核对标识码；恢复办学的请说明。",
            )  # fmt: skip
        yield from _differences(rows, position, school)
    # Where the code of a row is in doubt, the school it is meant for cannot be called missing.
    if None in rows.columns["code"]:
        return
    reported = set(rows.columns["code"])
    for school in context.register:
        if school.code not in reported and not school.is_closed and school.school_type is not SchoolType.VOCATIONAL:
            yield SheetFinding(
                "register.missing",
                f"学校名录中的“{school.name}”（{school.school_type.label}）没有填报。"
                "请补填；已撤并、停办的请说明时间和学生去向。",
                "code",
                school.code,
            )


def _differences(rows: SchoolRows, position: int, school: RegisteredSchool) -> Iterator[Finding]:
    name = rows.columns["name"][position]
    if isinstance(name, str) and _plain(name) != _plain(school.name):
        yield Finding(
            "register.name", position, "name",
            f"学校名录中的名称是“{school.name}”。已更名的请在名录中更名；否则请按名录填写。",
        )  # fmt: skip
    for rule, key in _PARTICULARS:
        reported, registered = rows.columns[key][position], getattr(school, key)
        if reported is not None and reported != registered:
            yield Finding(
                rule, position, key,
                f"填的是“{_label(reported)}”，学校名录中是“{_label(registered)}”。"
                f"{name_of(key)}影响判定，请核对；确有变更的请说明依据。",
            )  # fmt: skip


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _label(value: object) -> str:
    return value.label if isinstance(value, SchoolType | SponsorType | UrbanRural) else str(value)
