"""The generated nation: the same bytes from the same seed, years that follow from each other, defects that are told."""

from __future__ import annotations

import hashlib
import json
from io import StringIO

import numpy as np
from django.core.management import call_command

from evaluation.generated import DEFECTS, SHARE_WITH_DEFECTS, GeneratedCounty, generated_counties
from evaluation.generated_store import store_nation
from indicators.models import CountyFigure, SchoolRecord, Submission
from schools.models import School

YEAR = 2026


def fingerprint(counties: list[GeneratedCounty]) -> str:
    digest = hashlib.sha256()
    for county in counties:
        for key in sorted(county.columns):
            digest.update(key.encode() + np.ascontiguousarray(county.columns[key], np.int64).tobytes())
        told = [county.code, county.codes, county.names, county.rooms, county.figures, county.opened, county.defects]
        digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()


def nation(year: int = YEAR, seed: int = 3, count: int = 40, schools: int = 2_800) -> list[GeneratedCounty]:
    return list(generated_counties(count, schools, seed, year))


def stored_rows() -> list[tuple[object, ...]]:
    rows = list(SchoolRecord.objects.order_by("code").values_list("code", "name", "teaching_area", "books", "row"))
    return rows + list(CountyFigure.objects.order_by("submission__county", "code").values_list("code", "value"))


def test_a_seed_gives_the_same_bytes_and_another_seed_gives_others():
    assert fingerprint(nation()) == fingerprint(nation())
    assert fingerprint(nation()) != fingerprint(nation(seed=4))


def test_a_year_is_the_same_whichever_years_were_generated_before(db):
    for year in (YEAR - 1, YEAR):
        list(store_nation(generated_counties(3, 60, 3, year), year))
    Submission.objects.get(county__code="010101", school_year=YEAR)
    SchoolRecord.objects.filter(submission__school_year=YEAR - 1).delete()
    CountyFigure.objects.filter(submission__school_year=YEAR - 1).delete()
    after_another = stored_rows()
    for table in (SchoolRecord, CountyFigure, Submission, School):
        table.objects.all().delete()
    list(store_nation(generated_counties(3, 60, 3, YEAR), YEAR))
    assert stored_rows() == after_another


def test_a_year_resembles_the_one_before_and_some_schools_open_and_close():
    before, after = nation(YEAR - 1, count=120, schools=8_400), nation(YEAR, count=120, schools=8_400)
    old, new = ({code for county in year for code in county.codes} for year in (before, after))
    assert 10 < len(old - new) < 0.03 * len(old)
    assert 10 < len(new - old) < 0.03 * len(old)
    for key in ("primary_enrollment", "teaching_area", "equipment_value"):
        pairs = [
            (a, b)
            for one, other in zip(before, after, strict=True)
            for code, a in zip(one.codes, one.columns[key].tolist(), strict=True)
            for b in [dict(zip(other.codes, other.columns[key].tolist(), strict=True)).get(code, -1)]
            if a > 0 and b > 0
        ]
        ratio = np.array([b / a for a, b in pairs])
        assert 0.9 < np.median(ratio) < 1.1
        assert np.mean(np.abs(np.log(ratio)) < 0.25) > 0.98, key
        assert len(set(ratio.tolist())) > 100


def test_pupils_move_to_the_towns_and_schools_opened_are_new():
    first, last = nation(YEAR - 4), nation(YEAR)

    def pupils(year: list[GeneratedCounty], place: int) -> float:
        counts = np.concatenate([c.columns["primary_enrollment"][c.columns["urban_rural"] == place] for c in year])
        return float(np.mean(counts[counts > 0]))

    assert pupils(last, 0) > pupils(first, 0)
    assert pupils(last, 2) < pupils(first, 2)
    codes = {code for county in first for code in county.codes}
    opened = [year for c in last for code, year in zip(c.codes, c.opened, strict=True) if code not in codes]
    assert opened
    assert set(opened) <= set(range(YEAR - 3, YEAR + 1))


def test_the_register_closes_what_reports_no_more_and_knows_when_schools_opened(db):
    for year in (YEAR - 1, YEAR):
        list(store_nation(generated_counties(12, 840, 3, year), year))
    reporting = set(SchoolRecord.objects.filter(submission__school_year=YEAR).values_list("code", flat=True))
    closed = School.objects.exclude(closed_on=None)
    assert closed.exists()
    assert not reporting & set(closed.values_list("code", flat=True))
    assert {str(day) for day in closed.values_list("closed_on", flat=True)} == {f"{YEAR}-08-31"}
    assert School.objects.filter(closed_on=None).count() == len(reporting)
    assert School.objects.filter(opened_on=f"{YEAR}-09-01").exists()


def test_about_one_county_in_ten_carries_defects_and_they_are_where_they_are_said_to_be():
    counties = nation(count=800, schools=8_000)
    planted = [county for county in counties if county.defects]
    assert 0.06 < len(planted) / len(counties) < 0.14
    assert SHARE_WITH_DEFECTS == 0.10
    for county in counties:
        assert ("C16" not in county.figures) == (3 in county.defects)
        assert (county.figures["C25"] == 150) == (4 in county.defects)
        assert bool((county.columns["primary_largest_class"] > 45).any()) == (2 in county.defects)
        empty = any((county.columns[key] < 0).any() for key in ("equipment_value", "teaching_area", "funds_allocated"))
        assert not empty or 0 in county.defects


def test_the_command_tells_what_it_planted(db):
    out = StringIO()
    call_command("generate_nation", "--counties=30", "--schools=240", f"--year={YEAR}", "--years=5",
                 "--list-defects", stdout=out)  # fmt: skip
    told = out.getvalue()
    assert [f"{year} 学年：30 个县" in told for year in range(YEAR - 4, YEAR + 1)] == [True] * 5
    for year in range(YEAR - 4, YEAR + 1):
        for county in generated_counties(30, 240, 1, year):
            words = "、".join(DEFECTS[kind] for kind in county.defects)
            assert (f"  {county.code} {county.name}：{words}" in told) or not county.defects
    assert "埋入问题的县" in told
    assert Submission.objects.count() == 5 * 30
