"""Packages of open data: what was published and nothing else, checked by machine, the same bytes for the same state."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import zipfile
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone
from jsonschema import Draft202012Validator

from evaluation import tasks
from evaluation.certifying import revoke, start_correction
from evaluation.models import Certificate, Event, OpenDataPackage
from evaluation.open_data import building
from evaluation.open_data.building import build_due, build_open_data
from evaluation.open_data.package import TableFile
from evaluation.open_data.rows import NotAsPublished
from evaluation.open_data.tables import Field, OpenTable
from evaluation.publication_rules import set_fewest_pupils
from evaluation.published import hidden_schools, verdict_behind
from indicators.models import SchoolRecord
from tests.evaluation.standing import corrected, stands
from tests.evaluation.walk import People, people_of_county

pytestmark = pytest.mark.django_db
_TABLES = ("results", "coefficients", "schools", "items", "corrections", "counties")
_MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _every_page_made_anew(monkeypatch):
    monkeypatch.setattr("reports.public_cache.KEPT_SECONDS", 0)


@pytest.fixture
def people(county, clerk, signer, standard) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def published(county, people) -> Certificate:
    return stands(county, people).certificate


def built(certificate: Certificate) -> OpenDataPackage:
    return build_open_data(certificate.evaluation.school_year)


def opened(package: OpenDataPackage) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(bytes(package.file.content)))


def typed(text: str, schema: dict[str, Any]) -> Any:
    """A cell as JSON Schema sees it; an empty one is null."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if text == "" and "null" in kinds:
        return None
    if "integer" in kinds:
        return int(text)
    if "number" in kinds:
        return float(text)
    return {"true": True, "false": False}[text] if "boolean" in kinds else text


def table_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    """The rows of a table, each checked by its schema, and none twice by its key."""
    schema = json.loads(archive.read(f"schema/{name}.schema.json"))
    validator = Draft202012Validator(schema)
    validator.check_schema(schema)
    reader = csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8-sig")))
    assert reader.fieldnames == list(schema["properties"])
    rows = [{key: typed(text, schema["properties"][key]) for key, text in row.items()} for row in reader]
    for row in rows:
        validator.validate(row)
    keys = [tuple(row[key] for key in schema["primaryKey"]) for row in rows]
    assert len(set(keys)) == len(keys)
    return rows


def test_every_table_keeps_its_schema_and_says_what_was_published(county, people, published):
    set_fewest_pupils(people.chief, 0, "全部公开。")
    package = built(published)
    archive = opened(package)
    tables = {name: table_of(archive, name) for name in _TABLES}
    assert {name: len(rows) for name, rows in tables.items()} == package.rows
    record, told = json.loads(published.record), json.loads(verdict_behind(published).document)
    (result,) = tables["results"]
    assert (result["查询编号"], result["状态"], result["记录的SHA-256"]) == (published.code, "有效", published.sha256)
    assert result["固定地址"].endswith(reverse("result", args=[published.code]))
    for stage in record["results"]["stages"]:
        for each in stage["coefficients"]:
            (row,) = [
                row for row in tables["coefficients"] if (row["学段"], row["指标"]) == (stage["name"], each["code"])
            ]
            assert (repr(row["差异系数"]), row["公布的写法"]) == (each["value"], each["printed"])
    assert len(tables["schools"]) == len(told["schools"])
    values = {(row["学校标识码"], row["学段"]): row for row in tables["schools"]}
    for school in told["schools"]:
        row = values[school["code"], {"PRIMARY": "小学", "JUNIOR": "初中"}[school["stage"]]]
        found = {header.partition("（")[0]: value for header, value in row.items()}
        assert {code: found[code] for code in school["values"]} == school["values"]
        assert row["该校达标"] is school["passed"]
    assert {row["项目"] for row in tables["items"]} == set(told["criteria"])
    assert tables["counties"][0]["有效的查询编号"] == published.code
    assert tables["counties"][0]["省名"] == "示例省"


def test_a_package_explains_itself_and_its_hashes_are_right(published):
    archive = opened(built(published))
    names = set(archive.namelist())
    assert {"README.md", "LICENCE.txt", "SHA256SUMS", "manifest.json", "数据字典.md", "数据字典.csv"} < names
    sums = dict(line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
    assert set(sums) == names - {"SHA256SUMS"}
    for name, sha256 in sums.items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == sha256
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["certificates"] == [
        {"code": published.code, "record_sha256": published.sha256, "state": "published"}
    ]
    for told in manifest["files"]:
        content = archive.read(told["name"])
        assert (told["bytes"], told["sha256"]) == (len(content), sums[told["name"]])
        assert told["rows"] == len(list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))) - 1
    dictionary = list(csv.DictReader(io.StringIO(archive.read("数据字典.csv").decode("utf-8-sig"))))
    for name in _TABLES:
        schema = json.loads(archive.read(f"schema/{name}.schema.json"))
        assert [row["栏目"] for row in dictionary if row["文件"] == f"{name}.csv"] == list(schema["properties"])
    assert "第 1 版" in archive.read("README.md").decode()


def test_the_same_state_has_the_same_bytes_and_is_packed_once(published):
    first = built(published)
    assert built(published) == first
    year = published.evaluation.school_year
    content, digest = bytes(first.file.content), first.file_id
    OpenDataPackage.objects.all().delete()
    with mock.patch("django.utils.timezone.now", return_value=timezone.now() + datetime.timedelta(days=3)):
        again = build_open_data(year)
    assert (bytes(again.file.content), again.file_id) == (content, digest)
    assert Event.objects.filter(kind="open_data", payload__contains=digest).count() == 2


def test_a_correction_makes_a_new_version_and_the_old_one_keeps_its_address(client, people, published):
    first = built(published)
    old = reverse("open_data_file", args=[first.school_year, 1])
    before = b"".join(client.get(old).streaming_content)
    correction = start_correction(people.chief, published.evaluation, published.evaluation.version, "=1+1，面积更正。")
    new = corrected(correction, people).certificate
    second = built(published)
    assert second.version == 2
    answer = client.get(old)
    assert b"".join(answer.streaming_content) == before
    assert client.get(old, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    archive = opened(second)
    results = {row["查询编号"]: row for row in table_of(archive, "results")}
    assert (results[published.code]["状态"], results[published.code]["被取代于"]) == ("已被取代", new.code)
    assert (results[new.code]["状态"], results[new.code]["取代了"]) == ("有效", published.code)
    for name in ("coefficients", "schools", "items"):
        assert {row["查询编号"] for row in table_of(archive, name)} == {new.code}
    reasons = [row["理由"] for row in table_of(archive, "corrections")]
    assert reasons[0] == "'=1+1，面积更正。"  # nothing a spreadsheet would run
    new.evaluation.refresh_from_db()
    revoke(people.chief, new.evaluation, new.evaluation.version, "查实数据造假。")
    third = opened(built(published))
    assert table_of(third, "schools") == []
    assert [row["有效的查询编号"] for row in table_of(third, "counties")] == [None]


def test_small_schools_are_left_out_as_on_the_page(people, published):
    set_fewest_pupils(people.chief, 200, "保护学生个人信息。")
    records = SchoolRecord.objects.filter(submission=verdict_behind(published).submission)
    small = {
        each.code for each in records if sum(filter(None, (each.primary_enrollment, each.junior_enrollment))) < 200
    }
    assert small
    archive = opened(built(published))
    verdict = verdict_behind(published)
    judged = {row["code"] for row in json.loads(verdict.document)["schools"]}
    shown = {row["学校标识码"] for row in table_of(archive, "schools")}
    assert shown == judged - hidden_schools(verdict, 200)
    assert not small & shown
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert not [code for code in small if code.encode() in everything]
    assert "示例省 200 人" in archive.read("README.md").decode()


def test_beside_hidden_schools_a_coefficient_is_given_as_printed(people, published):
    set_fewest_pupils(people.chief, 200, "保护学生个人信息。")
    verdict = verdict_behind(published)
    hidden = hidden_schools(verdict, 200)
    labels = {"PRIMARY": "小学", "JUNIOR": "初中"}
    stages = {labels[row["stage"]] for row in json.loads(verdict.document)["schools"] if row["code"] in hidden}
    exact = {
        (stage["name"], each["code"]): float(each["value"])
        for stage in json.loads(published.record)["results"]["stages"]
        for each in stage["coefficients"]
    }
    assert stages
    rows = table_of(opened(built(published)), "coefficients")
    for row in rows:
        if row["学段"] in stages:
            assert row["差异系数"] == float(row["公布的写法"])
    finer = [row for row in rows if row["差异系数"] == exact.get((row["学段"], row["指标"]))]
    assert {row["学段"] for row in finer} == set(labels.values()) - stages


def test_a_rule_that_comes_back_is_packed_again_and_the_newest_shows_no_more_than_the_page(people, published):
    set_fewest_pupils(people.chief, 200, "保护学生个人信息。")
    first = built(published)
    set_fewest_pupils(people.chief, 0, "全部公开。")
    second = built(published)
    set_fewest_pupils(people.chief, 200, "仍然保护。")
    third = built(published)
    assert [each.version for each in (first, second, third)] == [1, 2, 3]
    assert first.rows["schools"] == third.rows["schools"] < second.rows["schools"]
    assert OpenDataPackage.objects.filter(school_year=first.school_year).first() == third
    assert built(published) == third


def test_what_was_packed_in_an_older_format_is_packed_anew(published):
    with mock.patch.object(building, "FORMAT", 1):
        old = built(published)
    assert built(published).version == old.version + 1


def test_what_was_not_published_is_in_no_package(county, other_county, people, published):
    archive = opened(built(published))
    assert {row["县代码"] for row in table_of(archive, "results")} == {county.pk}
    rows = {row["县代码"]: row["有效的查询编号"] for row in table_of(archive, "counties")}
    assert rows[other_county.pk] is None


def test_a_record_that_was_changed_stops_the_package_and_no_other(published):
    year = published.evaluation.school_year
    with (
        mock.patch("evaluation.open_data.rows.sha256_of", return_value="0" * 64),
        pytest.raises(NotAsPublished, match=published.code),
    ):
        build_open_data(year)
    with mock.patch("evaluation.open_data.rows.sha256_of", return_value="0" * 64):
        assert build_due() == 0
    with mock.patch("evaluation.open_data.building.tables_of", side_effect=KeyError("L9")):
        assert build_due() == 0
    assert not OpenDataPackage.objects.exists()


def test_beat_makes_what_is_due_once_a_day(people, published):
    tasks.build_open_data()
    assert OpenDataPackage.objects.count() == 1
    revoke(people.chief, published.evaluation, published.evaluation.version, "查实数据造假。")
    tasks.build_open_data()
    assert OpenDataPackage.objects.count() == 1
    with mock.patch("django.utils.timezone.now", return_value=timezone.now() + datetime.timedelta(days=1)):
        tasks.build_open_data()
        tasks.build_open_data()
    assert OpenDataPackage.objects.count() == 2


def test_what_is_published_while_a_package_is_made_lets_it_begin_anew(published):
    year, state = published.evaluation.school_year, building._state_of
    seen = []

    def moving(asked: int):
        seen.append(asked)
        found, at = state(asked)
        return (f"{len(seen):064d}", at) if len(seen) <= 2 else (found, at)

    with mock.patch.object(building, "_state_of", side_effect=moving):
        assert build_open_data(year).fingerprint == state(year)[0]
    OpenDataPackage.objects.all().delete()
    seen.clear()
    with (
        mock.patch.object(
            building, "_state_of", side_effect=lambda _: (f"{len(seen)}{seen.append(0)}", timezone.now())
        ),
        pytest.raises(building.PublishedMeanwhile),
    ):
        build_open_data(year)


def test_of_two_who_make_a_package_at_once_one_keeps_it(published):
    keep = building._keep
    calls = []

    def second(*arguments: Any) -> OpenDataPackage:
        calls.append(1)
        if len(calls) == 1:
            keep(*arguments)
            raise IntegrityError
        return keep(*arguments)

    with mock.patch.object(building, "_keep", side_effect=second):
        package = built(published)
    assert OpenDataPackage.objects.get() == package
    assert len(calls) == 1


def test_the_command_writes_the_file_and_says_when_nothing_was_published(tmp_path, capsys, published):
    year = published.evaluation.school_year
    call_command("open_data", str(year), out=tmp_path)
    said = capsys.readouterr().out
    (file,) = tmp_path.iterdir()
    assert hashlib.sha256(file.read_bytes()).hexdigest() in said
    with pytest.raises(CommandError, match="还没有公布过结果"):
        call_command("open_data", "1999")


def test_a_province_may_give_it_away_under_its_own_licence(published, settings, tmp_path):
    own = tmp_path / "licence.txt"
    own.write_text("示例省政府数据开放许可", encoding="utf-8")
    first = built(published)
    settings.OPEN_DATA_LICENCE = str(own)
    second = built(published)
    assert second.version == first.version + 1
    assert opened(second).read("LICENCE.txt").decode() == "示例省政府数据开放许可"


def test_the_page_lists_packages_and_explains_every_column(client, published, django_assert_max_num_queries):
    assert "还没有压缩包" in client.get(reverse("open_data")).content.decode()
    package = built(published)
    with django_assert_max_num_queries(_MOST_QUERIES):
        page = client.get(reverse("open_data")).content.decode()
    assert reverse("open_data_file", args=[package.school_year, 1]) in page
    assert package.file_id in page
    assert "在校生数（人）" in page
    assert "使用许可" in page
    assert client.get(reverse("open_data_file", args=[package.school_year, 2])).status_code == 404


def test_a_table_takes_no_row_of_another_shape_and_nothing_that_runs(tmp_path):
    table = OpenTable("t", "表", "", ("名",), (Field("名", ""), Field("数", "", "number", may_be_empty=True)))
    with TableFile(tmp_path, table) as file:
        for text in ("=1+1", "+1", "-1", "@x", "\t=1", "甲\x00乙\x1b"):
            file.write([text, None])
        file.write(["乙", 0.1])
        with pytest.raises(ValueError, match="2 columns"):
            file.write(["甲"])
    rows = list(csv.reader(io.StringIO(file.path.read_text(encoding="utf-8-sig"))))
    assert not [row[0] for row in rows if row[0].startswith(("=", "+", "-", "@", "\t"))]
    assert rows[-2][0] == "甲乙"
    assert rows[-1] == ["乙", "0.1"]
    assert file.rows == 7
