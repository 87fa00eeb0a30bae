"""The register: the divisions of the country, and people with one party and one place."""

from __future__ import annotations

import datetime

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from evaluation.queries import counties_of
from schools.actions import AppointmentRefused, RegisterRefused, appoint, load_divisions
from schools.models import County, Division, User
from schools.queries import school_year_of
from schools.vocabulary import Party
from tests.conftest import PASSWORD, ROOT


@pytest.fixture
def country(db):
    call_command("load_register", verbosity=0)


def test_loading_the_register_twice_gives_the_same_2853_county_units(country):
    before = list(Division.objects.values_list("code", "name", "level", "parent"))
    call_command("load_register", verbosity=0)
    assert list(Division.objects.values_list("code", "name", "level", "parent")) == before
    assert County.objects.count() == 2853
    assert Division.objects.filter(level="province").count() == 31


def test_a_prefecture_city_without_counties_is_one_county_unit_under_its_province(country):
    dongguan = County.objects.get(pk="441900")
    assert dongguan.parent_id == "440000"
    assert dongguan.full_name == "广东省东莞市"
    chief = User(party=Party.CHIEF, place=Division.objects.get(pk="440000"))
    assert counties_of(chief).filter(pk="441900").exists()


def test_counties_of_the_same_name_are_told_apart_by_their_full_names(country):
    names = [county.full_name for county in County.objects.filter(name="鼓楼区").select_related("parent__parent")]
    assert len(names) == len(set(names)) > 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("11010,东城区,110000,北京市,110100,北京市,county", "6 位数字"),
        ("110102,东城区,110000,北京市,110100,北京市,county", "重复"),
    ],
)
def test_a_broken_register_file_is_refused_and_nothing_is_loaded(db, tmp_path, line, words):
    path = tmp_path / "divisions.csv"
    head = (ROOT / "fixtures/register/divisions.csv").read_text(encoding="utf-8").splitlines()[:3]
    path.write_text("\n".join([*head, line]), encoding="utf-8")
    with pytest.raises(RegisterRefused, match=words):
        load_divisions(path)
    assert not Division.objects.exists()


def test_an_official_has_one_party_and_a_place_of_the_right_level(county, clerk):
    with pytest.raises(AppointmentRefused, match="县级"):
        appoint("nobody", "某人", Party.CLERK, Division.objects.get(pk="990100"), PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=clerk.pk).update(place=None)


def test_the_database_refuses_codes_that_are_no_codes(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        Division.objects.create(code="99-000", name="x", level="province")


def test_a_school_year_begins_in_september():
    assert school_year_of(datetime.date(2026, 8, 31)) == 2025
    assert school_year_of(datetime.date(2026, 9, 1)) == 2026
