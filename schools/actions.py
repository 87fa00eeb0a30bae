"""The only writers of the register."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd
from django.db import transaction
from django.utils import timezone

from schools.models import Division, Posting, School, User
from schools.vocabulary import DivisionLevel, Party

_COLUMNS = ["code", "name", "province_code", "province", "city_code", "city", "level"]


class RegisterRefused(ValueError):
    """A register file cannot be used, or a change of the register not be made; the message says where and why."""


@transaction.atomic
def load_divisions(path: Path) -> int:
    """Load provinces, cities and county units from a CSV of county units; returns how many county units it held.

    Idempotent: codes already there take the file's name and parent, nothing is removed (evaluations of an
    abolished county stay readable). Raises RegisterRefused before writing anything.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if list(table.columns) != _COLUMNS:
        raise RegisterRefused(f"{path.name}：列应为 {'、'.join(_COLUMNS)}")
    for column in ("code", "province_code", "city_code"):
        bad = table.index[~table[column].str.fullmatch(r"[0-9]{6}")]
        if len(bad):
            raise RegisterRefused(f"{path.name} 第 {bad[0] + 2} 行：{column} 应为 6 位数字")
    if table["code"].duplicated().any():
        raise RegisterRefused(f"{path.name}：区划代码重复 {table.loc[table['code'].duplicated(), 'code'].iloc[0]}")

    provinces = table[["province_code", "province"]].drop_duplicates("province_code").to_numpy()
    cities = table[["city_code", "city", "province_code"]].drop_duplicates("city_code").to_numpy()
    _upsert([Division(code=c, name=n, level=DivisionLevel.PROVINCE) for c, n in provinces])
    # A prefecture city without counties (东莞 and three others) is both a city and the one unit evaluated in it:
    # it keeps its own code as the county unit, and hangs directly under its province.
    units = set(table["code"])
    _upsert([Division(code=c, name=n, level=DivisionLevel.CITY, parent_id=p) for c, n, p in cities if c not in units])
    _upsert(
        [
            Division(
                code=row.code,
                name=row.name_,
                level=DivisionLevel.COUNTY,
                parent_id=row.province_code if row.city_code in units else row.city_code,
            )
            for row in table.rename(columns={"name": "name_"}).itertuples(index=False)
        ]
    )
    return len(table)


def _upsert(divisions: list[Division]) -> None:
    Division.objects.bulk_create(
        divisions,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "level", "parent"],
    )


def add_division(code: str, name: str, level: DivisionLevel, parent_code: str | None = None) -> Division:
    """One division by hand, or its new name; returns it."""
    division, _ = Division.objects.update_or_create(
        code=code, defaults={"name": name, "level": level, "parent_id": parent_code}
    )
    return division


def register_schools(schools: list[School]) -> None:
    """Put schools into the register; those already there take the new particulars, their history stays."""
    School.objects.bulk_create(
        schools,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "county", "school_type", "sponsor_type", "urban_rural"],
    )


def open_school(
    code: str, county_code: str, *, name: str, school_type: str, sponsor_type: int, urban_rural: str
) -> School:
    """Put one school into the register of a county, or open a closed one again. Raises RegisterRefused where the
    code belongs to another county or the name is too long."""
    registered = School.objects.filter(pk=code).select_related("county").first()
    if registered is not None and registered.county_id != county_code:
        raise RegisterRefused(f"学校标识码 {code} 已登记在{registered.county.full_name}，请核对标识码，或联系管理员。")
    school = registered or School(code=code, county_id=county_code)
    school.name, school.school_type = _checked_name(name), school_type
    school.sponsor_type, school.urban_rural, school.closed_on = sponsor_type, urban_rural, None
    school.save()
    return school


def rename_school(school: School, name: str) -> None:
    """Give a school its new name. Raises RegisterRefused where it is too long."""
    school.name = _checked_name(name)
    school.save(update_fields=["name"])


def retype_school(school: School, **particulars: str | int) -> None:
    """Change type, sponsor or place of a school."""
    if unknown := particulars.keys() - {"school_type", "sponsor_type", "urban_rural"}:
        raise RegisterRefused(f"不能这样更改：{'、'.join(sorted(unknown))}")
    for key, value in particulars.items():
        setattr(school, key, value)
    school.save(update_fields=[*particulars])


def close_school(school: School, closed_on: datetime.date) -> None:
    """Close a school; it stays in the register with its date, and every figure it reported stays. Raises
    RegisterRefused where it is closed already."""
    if not School.objects.filter(pk=school.pk, closed_on=None).update(closed_on=closed_on):
        raise RegisterRefused("这所学校在名录中已经停办。")
    school.closed_on = closed_on


def merge_school(school: School, into: School, closed_on: datetime.date) -> None:
    """Close a school that became part of another one of its county; its past stays under its own code. Raises
    RegisterRefused where the other is no open school of the county."""
    if into.pk == school.pk or into.county_id != school.county_id or into.closed_on is not None:
        raise RegisterRefused("只能并入本县另一所在办的学校。")
    close_school(school, closed_on)


def _checked_name(name: str) -> str:
    longest = School._meta.get_field("name").max_length or 0
    if not 0 < len(name) <= longest:
        raise RegisterRefused(f"学校名称应为 1 至 {longest} 个字。")
    return name


class AppointmentRefused(ValueError):
    """A person cannot hold this party at this place; the message says why."""


def check_post(party: Party, place: Division, person: User | None = None) -> None:
    """Raise AppointmentRefused where ``person`` (None: somebody new) cannot hold ``party`` at ``place``: the place is
    of another level, or who tends the accounts would take part in evaluations."""
    if place.level != party.place_level:
        raise AppointmentRefused(f"{party.label}应属于{party.place_level.label}级，{place.name}不是。")
    if person is None or person.party == party:
        return
    if person.is_superuser or Party.STEWARD in (person.party, party):
        raise AppointmentRefused("管理员账号不参与评估，评估人员的账号也不改为管理员：请另外邀请一个新账号。")


def keep_posting(person: User) -> None:
    """Bring the record of posts in step with what ``person`` is now; call in the transaction of every change of party,
    place or activity. A closed account holds no post."""
    now = timezone.now()
    held = Posting.objects.filter(person=person, held_until=None)
    if person.is_active and person.party:
        if held.filter(party=person.party, place_id=person.place_id).exists():
            return
        held.update(held_until=now)
        Posting.objects.create(person=person, party=person.party, place_id=person.place_id, held_from=now)
    else:
        held.update(held_until=now)


@transaction.atomic
def appoint(username: str, full_name: str, party: Party, place: Division, password: str, email: str = "") -> User:
    """Create an official with one party and one place. Raises AppointmentRefused where the place
    is of another level."""
    check_post(party, place)
    person = User.objects.create_user(
        username=username,
        email=email,
        password=password,
        full_name=full_name,
        party=party,
        place=place,
        is_staff=party is Party.STEWARD,
    )
    keep_posting(person)
    return person
