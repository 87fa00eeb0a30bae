"""Headers the portal does not know: a county says once what they are, and every later file is read by it."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.permissions import Refused
from evaluation.rereading import reread
from indicators.catalogue import ALL_FIELDS, FIELD_BY_KEY, SCHOOL_SHEET
from indicators.header_mapping import (
    FORM,
    MappingRefused,
    aliases_for,
    count_unknown,
    forget_mapping,
    save_mappings,
    unknown_headers,
)
from indicators.models import HeaderMapping, Submission
from indicators.workbook.aliases import known_aliases
from indicators.workbook.headers import Alias, plain_form, unit_against
from indicators.workbook.read import read_report
from indicators.workbook.sandbox import read_book
from tests import builders

PUPILS, AREA, EQUIPMENT = "primary_enrollment", "teaching_area", "equipment_value"
STRANGE = {PUPILS: "小学部学生人数", AREA: "教学用房总面积"}

Uploaded = Callable[..., Submission]


def settled(submission: Submission) -> Submission:
    run_waiting_jobs()
    submission.refresh_from_db()
    return submission


@pytest.fixture
def uploaded(standard, clerk, county, tmp_path) -> Uploaded:
    """A version of the good county with some headers in other words, read."""

    def make(headers: dict[str, str] | None = None, *, by: Any = None, **options: Any) -> Submission:
        content = builders.write_workbook(tmp_path / "a.xlsx", headers=headers or STRANGE, **options).read_bytes()
        person = by or clerk
        return settled(upload_workbook(person, person.place, 2026, "导出.xlsx", content))

    return make


def told(submission: Submission, rule: str) -> list[str]:
    return list(submission.problems.filter(rule=rule).values_list("found", flat=True))


def choices(**keys: str | None) -> dict[str, str | None]:
    return {plain_form(header): key for header, key in keys.items()}


# ── The story ─────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_header_is_mapped_once_and_read_ever_after_by_this_county_alone(
    uploaded, client, clerk, other_clerk, county
):
    first = uploaded()
    assert sorted(told(first, "header.unknown")) == sorted(STRANGE.values())
    assert first.verdicts.get().passed is None
    client.force_login(clerk)
    page = client.get(reverse("submission", args=[first.pk])).content.decode()
    assert "有 2 个表头没有对应上" in page
    assert reverse("headers") in page

    page = html.unescape(client.get(reverse("headers")).content.decode())
    assert "1260" in page, "some values of the column help to tell what it is"
    cells = {each.header: each.cell for each in unknown_headers(first)}
    sent = {"version": first.pk} | {f"key-{cells[header]}": key for key, header in STRANGE.items()}
    answer = client.post(reverse("headers"), sent, follow=True)
    assert "已保存 2 处" in answer.content.decode()

    answer = client.post(reverse("reread", args=[first.pk]))
    second = settled(Submission.objects.get(version=2))
    assert answer.url == reverse("submission", args=[second.pk])
    assert (second.file_id, second.based_on, second.uploaded_by) == (first.file_id, first, clerk)
    assert told(second, "header.unknown") == []
    assert [p.message.count(FORM) for p in second.problems.filter(rule="header.alias")] == [1, 1]
    assert second.records.get(row=builders.FIRST_ROW).primary_enrollment == 1260
    assert second.verdicts.get().document != first.verdicts.get().document
    first.refresh_from_db()
    assert first.records.get(row=builders.FIRST_ROW).primary_enrollment is None, (
        "the earlier version stays as it was read"
    )
    page = client.get(reverse("submission", args=[second.pk])).content.decode()
    assert "没有对应上" not in page

    rows = builders.good_rows()
    rows[0]["name"] = "清河县实验学校"
    third = uploaded(rows=rows)
    assert (third.version, told(third, "header.unknown")) == (3, [])
    elsewhere = uploaded(by=other_clerk)
    assert sorted(told(elsewhere, "header.unknown")) == sorted(STRANGE.values())


# ── What is read ──────────────────────────────────────────────────────────────────────────────


def test_a_column_that_is_not_used_is_passed_over_without_a_word(uploaded, clerk):
    keys = [*builders.KEYS, "备注", "联系电话"]
    first = uploaded({"x": "x"}, keys=keys)
    assert told(first, "header.unknown") == ["备注", "联系电话"]
    save_mappings(clerk, first, choices(备注=""))
    assert told(settled(reread(clerk, first)), "header.unknown") == ["联系电话"]


def test_the_templates_own_header_comes_before_what_a_county_said(clerk, county, tmp_path):
    header = FIELD_BY_KEY[AREA].header
    HeaderMapping.objects.create(
        county=county, header=header, plain=plain_form(header), key="sports_ground_area", set_by=clerk
    )
    HeaderMapping.objects.create(county=county, header="面积甲", plain="面积甲", key=AREA, set_by=clerk)
    aliases = aliases_for(county)
    assert plain_form(header) not in aliases
    rows = [row | {"面积甲": 1} for row in builders.good_rows()]
    path = builders.write_workbook(tmp_path / "a.xlsx", rows, keys=[*builders.KEYS, "面积甲"])
    found = read_report(read_book(path), aliases)
    assert found.report.schools[0].values[AREA] == read_report(read_book(path)).report.schools[0].values[AREA]


def test_what_a_county_said_comes_before_the_table_everybody_shares(clerk, county):
    plain, shared = next(iter(known_aliases().items()))
    HeaderMapping.objects.create(county=county, header=shared.header, plain=plain, key="", set_by=clerk)
    assert aliases_for(county)[plain] == Alias(shared.header, "", FORM)
    assert len(aliases_for(county)) == len(known_aliases())


def test_a_field_that_is_no_longer_in_the_forms_is_not_read(clerk, county):
    HeaderMapping.objects.create(county=county, header="旧栏", plain="旧栏", key="gone", set_by=clerk)
    assert "旧栏" not in aliases_for(county)


def test_an_unknown_header_of_the_code_can_be_mapped_too(uploaded, clerk):
    first = uploaded({"code": "单位编号"})
    assert not first.is_population_certain
    assert told(first, "header.unknown") == ["单位编号"]
    save_mappings(clerk, first, choices(单位编号="code"))
    second = settled(reread(clerk, first))
    assert second.is_population_certain
    assert second.records.get(row=builders.FIRST_ROW).code == "3142000001"


def test_headers_that_repeat_are_told_apart_by_the_title_above_them(uploaded, clerk):
    def two_rows(book: Any) -> None:
        sheet = book[SCHOOL_SHEET]
        places = {}
        for key, title in ((PUPILS, "在校学生"), ("junior_enrollment", None), ("primary_classes", "教学班")):
            cell = builders.cell_of(key, -1)
            places[key] = cell
            sheet[cell] = "初中" if key.startswith("junior") else "小学"
            sheet[cell].offset(row=-1).value = title

    first = uploaded({"x": "x"}, edit=two_rows)
    assert sorted(told(first, "header.unknown")) == ["初中", "在校学生／小学", "教学班／小学"]
    save_mappings(
        clerk, first, {"在校学生/小学": PUPILS, "教学班/小学": "primary_classes", "初中": "junior_enrollment"}
    )
    record = settled(reread(clerk, first)).records.get(row=builders.FIRST_ROW)
    assert (record.primary_enrollment, record.primary_classes) == (1260, 30)


# ── What is refused ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("header", "key", "unit"),
    [
        ("仪器设备值（元）", EQUIPMENT, "元"),
        ("仪器设备值（单位：千元）", EQUIPMENT, "千元"),
        ("仪器设备值元", EQUIPMENT, "元"),
        ("校舍面积（亩）", AREA, "亩"),
        ("校舍（含高中）（亩）", AREA, "亩"),
        ("学生数（万人）", PUPILS, "万人"),
        ("仪器设备值（万元）", EQUIPMENT, ""),
        ("仪器设备值", EQUIPMENT, ""),
        ("校舍面积（m²）", AREA, ""),
        ("校舍面积［平方米］", AREA, ""),
        ("学生数（人，含高中）", PUPILS, ""),
        ("班级数（个）", "primary_classes", ""),
    ],
)
def test_a_unit_in_a_header_is_held_against_the_unit_of_the_field(header, key, unit):
    assert unit_against(header, FIELD_BY_KEY[key]) == unit


def test_no_field_contradicts_its_own_header():
    assert [field.key for field in ALL_FIELDS if unit_against(field.header, field)] == []


def test_a_header_in_another_unit_is_refused_in_words_and_nothing_is_saved(uploaded, clerk):
    first = uploaded({EQUIPMENT: "设备总值（元）", AREA: "教学用房总面积"})
    with pytest.raises(MappingRefused, match=r"单位是“元”.*单位是“万元”"):
        save_mappings(clerk, first, {plain_form("设备总值（元）"): EQUIPMENT, "教学用房总面积": AREA})
    assert not HeaderMapping.objects.exists()


def test_two_headers_cannot_be_one_field(uploaded, clerk):
    first = uploaded()
    with pytest.raises(MappingRefused, match="一个栏目只能对应一个表头"):
        save_mappings(clerk, first, dict.fromkeys(STRANGE.values(), PUPILS))
    assert not HeaderMapping.objects.exists()


@pytest.mark.parametrize(
    ("header", "key", "words"),
    [
        ("没有的表头", PUPILS, "不在这一版里"),
        (STRANGE[PUPILS], "nothing", "没有这个栏目"),
        (STRANGE[PUPILS], "junior_enrollment", "已经有“初中在校生数”这一列"),
    ],
)
def test_what_does_not_fit_the_version_is_refused(uploaded, clerk, header, key, words):
    first = uploaded()
    with pytest.raises(MappingRefused, match=words):
        save_mappings(clerk, first, {header: key})
    assert not HeaderMapping.objects.exists()


def test_headers_of_an_older_version_are_not_mapped(uploaded, clerk):
    first = uploaded()
    uploaded({PUPILS: "另一种写法"})
    with pytest.raises(MappingRefused, match="已有更新的版本"):
        save_mappings(clerk, first, {STRANGE[PUPILS]: PUPILS})


# ── Remembering ───────────────────────────────────────────────────────────────────────────────


def test_the_last_of_two_tabs_wins_and_neither_breaks(uploaded, clerk):
    first = uploaded()
    assert save_mappings(clerk, first, {STRANGE[PUPILS]: PUPILS}) == 1
    assert save_mappings(clerk, first, {STRANGE[PUPILS]: PUPILS}) == 0
    assert save_mappings(clerk, first, {STRANGE[PUPILS]: ""}) == 1
    [mapping] = HeaderMapping.objects.all()
    assert (mapping.key, mapping.set_by) == ("", clerk)
    assert save_mappings(clerk, first, {STRANGE[PUPILS]: None}) == 1
    assert not HeaderMapping.objects.exists()


def test_a_mapping_that_is_forgotten_is_asked_for_again(uploaded, clerk):
    first = uploaded()
    save_mappings(clerk, first, {STRANGE[PUPILS]: PUPILS})
    second = settled(reread(clerk, first))
    assert count_unknown(second) == 1
    forget_mapping(clerk, HeaderMapping.objects.get())
    assert count_unknown(settled(reread(clerk, second))) == 2


def test_saving_the_page_again_keeps_a_mapping_whose_column_this_version_has_twice(uploaded, client, clerk):
    save_mappings(clerk, uploaded(), {STRANGE[AREA]: AREA})
    keys = [*builders.KEYS, STRANGE[AREA]]
    rows = [row | {STRANGE[AREA]: 1} for row in builders.good_rows()]
    version = uploaded({"x": "x"}, rows=rows, keys=keys)
    client.force_login(clerk)
    page = client.get(reverse("headers")).content.decode()
    [header] = unknown_headers(version)
    assert f'<option value="{AREA}" selected' in page
    client.post(reverse("headers"), {"version": version.pk, f"key-{header.cell}": AREA})
    assert HeaderMapping.objects.get().key == AREA


# ── Reading again ─────────────────────────────────────────────────────────────────────────────


def test_a_double_click_reads_again_once(uploaded, clerk):
    first = uploaded()
    reread(clerk, first)
    with pytest.raises(Refused, match="第 2 版"):
        reread(clerk, first)
    assert Submission.objects.count() == 2


def test_a_version_in_work_or_refused_is_not_read_again(standard, clerk, county, uploaded):
    waiting = upload_workbook(clerk, county, 2026, "a.xlsx", b"x")
    with pytest.raises(Refused, match="还在处理"):
        reread(clerk, waiting)
    with pytest.raises(Refused, match="系统没有读取这个文件"):
        reread(clerk, settled(waiting))


# ── Doors ─────────────────────────────────────────────────────────────────────────────────────


def test_the_clerk_maps_the_signer_looks_on_and_nobody_else_sees_the_page(
    uploaded, client, clerk, signer, other_clerk, inspector
):
    first = uploaded()
    save_mappings(clerk, first, {STRANGE[PUPILS]: PUPILS})
    mapping = HeaderMapping.objects.get()
    forget, again = reverse("header_forget", args=[mapping.pk]), reverse("reread", args=[first.pk])
    sent = {"version": first.pk, f"key-{unknown_headers(first)[0].cell}": "-"}

    client.force_login(signer)
    page = client.get(reverse("headers")).content.decode()
    assert STRANGE[PUPILS] in page
    assert page.count("disabled") >= 4
    assert "签报人不设置表头" in client.post(reverse("headers"), sent).content.decode()
    assert "签报人不设置表头" in client.post(forget, follow=True).content.decode()
    assert "签报人不上传数据" in client.post(again, follow=True).content.decode()

    client.force_login(other_clerk)
    assert STRANGE[PUPILS] not in client.get(reverse("headers")).content.decode()
    for address, data in ((reverse("headers"), sent), (forget, {}), (again, {})):
        assert client.post(address, data).status_code == 404
    client.force_login(inspector)
    assert client.get(reverse("headers")).status_code == 404
    client.logout()
    assert client.get(reverse("headers")).status_code == 302
    mapping.refresh_from_db()
    assert (mapping.key, Submission.objects.count()) == (PUPILS, 1)


def test_a_refusal_keeps_what_was_chosen(uploaded, client, clerk):
    first = uploaded()
    client.force_login(clerk)
    sent = {"version": first.pk} | {f"key-{each.cell}": PUPILS for each in unknown_headers(first)}
    page = client.post(reverse("headers"), sent).content.decode()
    assert "一个栏目只能对应一个表头" in html.unescape(page)
    assert page.count(f'<option value="{PUPILS}" selected') == 2


def test_likely_fields_come_first_and_never_in_another_unit(uploaded):
    first = uploaded({PUPILS: "小学在校生总数", EQUIPMENT: "教学仪器设备总值(元)"})
    alike = {each.header: [field.key for field in each.alike] for each in unknown_headers(first)}
    assert alike["小学在校生总数"][0] == PUPILS
    assert EQUIPMENT not in alike["教学仪器设备总值(元)"]


@pytest.mark.parametrize("pk", ["", "abc", "9" * 30, "-1"])
def test_a_form_for_no_version_is_no_page(standard, clerk, pk):
    client = Client()
    client.force_login(clerk)
    assert client.post(reverse("headers"), {"version": pk}).status_code == 404


def test_what_stands_in_a_header_is_text_on_the_page(uploaded, client, clerk):
    uploaded({PUPILS: "<script>alert(1)</script>"})
    client.force_login(clerk)
    assert "<script>alert" not in client.get(reverse("headers")).content.decode()
