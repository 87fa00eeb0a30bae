"""Why a granted relaxation does not work for a school: the conditions its own row does not fulfil, in words. Pure.

The kernel decides (``relaxations.working``); this tells the same of one row, and a test holds the two together.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from evaluation.core.columns import columns_of
from evaluation.core.population import STAGES, Population, population
from evaluation.core.rounding import plain
from evaluation.core.standard import Relaxation, Standard
from indicators.report import CountyReport, SchoolReport
from schools.vocabulary import SchoolType, UrbanRural

_EMPTY = "未填写或未采用"


def unmet_conditions(
    relaxation: Relaxation, standard: Standard, school: SchoolReport, day: datetime.date
) -> tuple[str, ...]:
    """The conditions of ``relaxation`` that the row of ``school`` does not fulfil on ``day``, each with what the row
    says; empty where the relaxation works for it."""
    if not relaxation.is_in_force(day):
        return (f"{relaxation.code} 在 {day} 不在施行期内",)
    columns, _, _ = columns_of([CountyReport((school,))])
    people = population(columns, standard)
    if not people.in_population[0]:
        reason = people.reason[0]
        return ("本校不参与计算" + (f"：{people.reasons[reason]}" if reason >= 0 else ""),)
    return tuple(_CONDITIONS[relaxation.code](_Row(school, people), relaxation))


@dataclass(frozen=True, slots=True)
class _Row:
    school: SchoolReport
    people: Population

    def whole(self, key: str) -> int | None:
        value = self.school.values.get(key)
        return value if isinstance(value, int) and key not in self.school.rejected else None

    @property
    def pupils(self) -> int | None:
        """Compulsory pupils; None where they are not known or there are none."""
        own = [int(self.people.enrollment[i, 0]) for i in range(len(STAGES)) if self.people.present[i, 0]]
        return None if not own or min(own) < 0 else sum(own)

    @property
    def place(self) -> str:
        value = self.school.values.get("urban_rural")
        return value.label if isinstance(value, UrbanRural) else _EMPTY

    def is_rural(self) -> bool:
        return self.school.values.get("urban_rural") is UrbanRural.RURAL

    def built_until(self, relaxation: Relaxation) -> bool:
        built = self.whole("built_year")
        return built is not None and built <= int(relaxation.number("built_until"))


def _told(value: int | None, unit: str = "") -> str:
    return _EMPTY if value is None else f"{value}{unit}"


def _small_rural(row: _Row, relaxation: Relaxation) -> Iterator[str]:
    least, most = int(relaxation.number("pupils_from")), int(relaxation.number("pupils_to"))
    if not (row.is_rural() or row.school.values.get("school_type") is SchoolType.TEACHING_POINT):
        yield f"应为乡村学校或教学点，填报的城乡类型是“{row.place}”"
    if row.pupils is None or not least <= row.pupils <= most:
        yield f"义务教育阶段在校生应为 {least}—{most} 人，填报：{_told(row.pupils, ' 人')}"


def _dense_central(row: _Row, relaxation: Relaxation) -> Iterator[str]:
    is_dense = row.school.values.get("is_dense_central")
    if is_dense is not True:
        yield f"“是否高密度中心城区”应为是，填报：{_EMPTY if is_dense is None else '否'}"


def _old_rooms(row: _Row, relaxation: Relaxation) -> Iterator[str]:
    if row.built_until(relaxation) or _is_small_class_rural(row, relaxation):
        return
    under, year = plain(relaxation.number("largest_class_under")), relaxation.parameters["built_until"]
    yield (
        f"应在 {year} 年及以前建成，或为各年级最大班额不足 {under} 人的乡村学校；"
        f"填报：建成年份 {_told(row.whole('built_year'))}，城乡类型{row.place}"
    )


def _is_small_class_rural(row: _Row, relaxation: Relaxation) -> bool:
    classes = [
        row.whole(f"{stage.value.lower()}_largest_class") for i, stage in enumerate(STAGES) if row.people.counted[i, 0]
    ]
    limit = relaxation.number("largest_class_under")
    return row.is_rural() and bool(classes) and all(size is not None and size < limit for size in classes)


def _old_or_migrant(row: _Row, relaxation: Relaxation) -> Iterator[str]:
    migrants, pupils = row.whole("migrant_enrollment"), row.pupils
    over = relaxation.number("migrant_share_over")
    many = migrants is not None and pupils is not None and migrants * 100 > pupils * over
    if not (row.built_until(relaxation) or many):
        yield (
            f"应在 {relaxation.parameters['built_until']} 年及以前建成，或随迁子女超过在校生的 {plain(over)}%；"
            f"填报：建成年份 {_told(row.whole('built_year'))}，随迁子女 {_told(migrants, ' 人')}，"
            f"在校生 {_told(pupils, ' 人')}"
        )


_CONDITIONS: Mapping[str, Callable[[_Row, Relaxation], Iterator[str]]] = {
    "R1": _small_rural,
    "R2": _dense_central,
    "R3": _old_rooms,
    "R4": _old_or_migrant,
}
