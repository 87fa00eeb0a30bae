"""`manage.py judge`: one workbook, no server, no login, nothing written; the exit code tells the outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.demo import demo_county
from evaluation.management.commands.demo import workbook_of
from schools.models import County
from tests.conftest import ROOT


@pytest.fixture
def story(tmp_path):
    def write(name: str) -> Path:
        county = County(code="990101", name="望棠区")
        told = demo_county(county.code, county.name, name)
        assert told is not None
        path = tmp_path / f"{name}.xlsx"
        path.write_bytes(workbook_of(told, county, 2026))
        return path

    return write


def judge(*arguments: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "judge", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, errors="replace", check=False
    )


def test_a_county_that_passes_ends_with_0_and_prints_the_whole_object(story):
    told = judge(story("passes"), "--json", "--as-of", "2026-10-01")
    assert told.returncode == 0, told.stderr
    result = json.loads(told.stdout)
    assert set(result) == {"standard", "passed", "complete", "stages", "schools", "excluded", "criteria", "problems"}
    assert (result["standard"], result["passed"], result["complete"]) == ("2017-quality", True, False)
    assert result["problems"] == []
    primary = result["stages"]["PRIMARY"]
    assert set(primary) == {"schools", "enrollment", "indicators", "composite"}
    assert set(primary["indicators"]["L1"]) == {
        "mean",
        "deviation",
        "coefficient",
        "limit",
        "passed",
        "attained_schools",
    }
    coefficients = [told["coefficient"] for told in primary["indicators"].values()]
    assert primary["composite"] == pytest.approx(sum(coefficients) / 7, rel=1e-15)
    assert {"code", "name", "stage", "enrollment", "values", "attained", "at_85", "passed"} == set(result["schools"][0])
    assert [(row["code"], row["stage"]) for row in result["schools"]] == sorted(
        ((row["code"], row["stage"]) for row in result["schools"]), key=lambda pair: (pair[0], pair[1] != "PRIMARY")
    )
    assert result["excluded"] == [
        {"code": "9901010018", "name": "望棠区特殊教育学校", "reason": "特殊教育学校不参与校际均衡计算"}
    ]
    assert {"status", "value", "sentence"} <= set(result["criteria"]["G3"])


def test_a_county_that_fails_ends_with_1_and_says_why_in_one_sentence(story):
    told = judge(story("coefficient_over_by_a_hair"))
    assert told.returncode == 1
    assert told.stdout.splitlines()[0].startswith(
        "按优质均衡（2017）标准核算：未达标。初中 L2 县级以上骨干教师差异系数 0.45"
    )


def test_missing_data_ends_with_2_and_names_the_cell(story):
    told = judge(story("cell_missing"), "--json")
    assert told.returncode == 2
    result = json.loads(told.stdout)
    assert result["passed"] is None
    assert result["stages"]["PRIMARY"]["indicators"]["L3"] | {"mean": 0, "deviation": 0} == {
        "mean": 0, "deviation": 0, "coefficient": None, "limit": 0.5, "passed": None, "attained_schools": 11,
    }  # fmt: skip
    [problem] = [p for p in result["problems"] if p["severity"] == "error"]
    assert (problem["sheet"], problem["header"], problem["school"]) == ("学校数据", "小学音乐专任教师数", "9901010007")
    assert problem["cell"]


def test_a_row_already_lost_is_lost_even_where_another_cell_is_missing(story):
    from openpyxl import load_workbook

    path = story("one_school_short")
    book = load_workbook(path)
    sheet = book["学校数据"]
    header = next(row for row in sheet.iter_rows() if any(cell.value == "学校标识码" for cell in row))
    column = {cell.value: cell.column for cell in header}
    sheet.cell(header[0].row + 4, column["小学音乐专任教师数"]).value = None
    book.save(path)
    told = judge(path, "--json")
    assert told.returncode == 1
    row = next(row for row in json.loads(told.stdout)["schools"] if row["code"] == "9901010004")
    assert (row["passed"], row["values"]["L3"]) == (False, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["README.md", "--standard", "1999"], "没有标准 1999"),
        (["README.md", "--standard", "../../config/settings"], "没有标准"),
        (["README.md", "--as-of", "yesterday"], "YYYY-MM-DD"),
    ],
)
def test_a_wrong_argument_is_answered_in_words_and_ends_with_2(arguments, words):
    told = judge(*arguments)
    assert told.returncode == 2
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_a_file_that_is_no_workbook_is_a_problem_and_ends_with_2(tmp_path):
    path = tmp_path / "数据.xlsx"
    path.write_text("学校标识码,学校名称", encoding="utf-8")
    told = judge(path, "--json")
    assert told.returncode == 2
    result = json.loads(told.stdout)
    assert result["passed"] is None
    assert [problem["severity"] for problem in result["problems"]] == ["error"]


def test_it_needs_no_database_and_writes_nothing(story, tmp_path):
    path = story("passes")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    told = judge(path, DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing", SECRET_KEY="x")
    assert told.returncode == 0, told.stderr
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_a_file_that_is_not_there_is_an_object_with_a_problem_too(tmp_path):
    for path, words in ((tmp_path / "nowhere.xlsx", "找不到文件"), (tmp_path, "文件夹")):
        told = judge(path, "--json")
        assert told.returncode == 2
        [problem] = json.loads(told.stdout)["problems"]
        assert problem["rule"] == "file.not_found"
        assert words in problem["message"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_terminal_without_the_letters_never_changes_the_outcome(story, encoding, options):
    told = judge(story("passes"), *options, PYTHONIOENCODING=encoding)
    assert told.returncode == 0, told.stderr


def test_a_fault_of_this_program_is_never_taken_for_a_verdict(story):
    path = story("passes")
    command = f"{sys.executable} {ROOT / 'manage.py'} judge {path} --json > /dev/full"
    told = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 2


def test_it_leaves_no_trace_not_even_a_folder(story, tmp_path):
    var = tmp_path / "var"
    assert judge(story("passes"), VAR_DIR=str(var)).returncode == 0
    assert not var.exists()


def test_a_person_reads_every_failed_item_and_what_each_school_lacks(story):
    told = judge(story("fails_widely")).stdout
    assert "G9 教师培训  不达标：教师5年360学时培训完成率" in told
    assert "G3 音乐、美术专用教室  不达标" in told
    assert "L5 体育运动场馆" in told
    assert "（要求 7.5㎡）" in told
    assert "特殊教育学校不参与校际均衡计算" in told


def test_a_workbook_with_the_extra_columns_is_judged_by_the_measure_of_2012(story):
    told = judge(story("many_stages"), "--standard", "2012-basic", "--json")
    assert told.returncode == 0, told.stderr
    result = json.loads(told.stdout)
    assert result["standard"] == "2012-basic"
    assert [result["stages"][stage]["composite_passed"] for stage in ("PRIMARY", "JUNIOR")] == [True, True]
    without = judge(story("passes"), "--standard", "2012-basic")
    assert without.returncode == 2
    assert "无法核算" in without.stdout
