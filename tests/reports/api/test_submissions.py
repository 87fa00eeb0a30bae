"""The part of the interface with a token shows the same as the pages and does the same, to the same people."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from evaluation.actions import run_waiting_jobs, upload_workbook
from evaluation.demo import demo_county
from evaluation.management.commands.demo import workbook_of
from evaluation.models import Event
from indicators.models import Submission
from schools.queries import current_school_year
from tests import builders
from tests.evaluation.walk import signed
from tests.reports.api.conftest import token_of

pytestmark = pytest.mark.django_db
_MOST_QUERIES = 12


def sent(client, header, name: str = "a.xlsx", content: bytes | None = None):
    file = SimpleUploadedFile(name, content or b"x")
    return client.post(reverse("api_submissions"), {"file": file}, headers=header)


def workbook(county) -> bytes:
    return workbook_of(demo_county(county.code, county.name, "cell_missing"), county, current_school_year())


def test_a_version_is_told_to_its_county_while_it_waits_and_when_it_is_judged(client, standard, clerk, county):
    submission = upload_workbook(clerk, county, 2026, "a.xlsx", workbook(county))
    client.force_login(clerk)
    address = reverse("api_submission", args=[submission.pk])
    waiting = client.get(address).json()
    assert (waiting["state"], waiting["result"], waiting["problems"]) == ("waiting", None, [])
    run_waiting_jobs()
    done = client.get(address).json()
    verdict = submission.verdicts.get()
    assert done["state"] == "done"
    assert done["result"] == json.loads(verdict.document)
    assert done["result_sha256"] == verdict.sha256
    assert [problem["header"] for problem in done["problems"]] == ["小学音乐专任教师数"]


def test_nobody_else_is_told_that_the_version_exists(client, standard, clerk, county, other_clerk, inspector):
    pk = upload_workbook(clerk, county, 2026, "a.xlsx", b"x").pk
    rooms = ("api_submission", "api_job", "api_problems", "api_verdict", "api_annotated")
    for room in rooms:
        assert client.get(reverse(room, args=[pk])).status_code == 401
    for person in (other_clerk, inspector):
        header = token_of(person)
        for room in rooms:
            answers = [client.get(reverse(room, args=[number]), headers=header) for number in (pk, pk + 100)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].content == answers[1].content
        assert client.get(reverse("api_submissions"), headers=header).json()["count"] == 0
    assert client.post(reverse("api_submission", args=[pk]), headers=token_of(clerk)).status_code == 405


def test_a_program_uploads_follows_the_job_and_reads_what_was_found(client, county, clerk, bearer):
    taken = sent(client, bearer, "望棠区.xlsx", workbook(county))
    assert taken.status_code == 202
    told = taken.json()
    assert (told["version"], told["state"], told["uploaded_by"], told["passed"]) == (1, "waiting", str(clerk), None)
    job = client.get(taken.headers["Location"], headers=bearer).json()
    assert (job["state"], job["is_over"]) == ("waiting", False)
    early = client.get(reverse("api_verdict", args=[told["id"]]), headers=bearer)
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    assert int(early.headers["Retry-After"]) > 0
    run_waiting_jobs()
    job = client.get(taken.headers["Location"], headers=bearer).json()
    assert (job["state"], job["is_over"], job["words"]) == ("done", True, "处理完成。")
    problems = client.get(reverse("api_problems", args=[told["id"]]), headers=bearer).json()
    assert [each["header"] for each in problems["results"]] == ["小学音乐专任教师数"]
    verdict = client.get(reverse("api_verdict", args=[told["id"]]), headers=bearer).json()
    assert verdict["passed"] is None
    marked = client.get(reverse("api_annotated", args=[told["id"]]), headers=bearer)
    assert b"".join(marked.streaming_content).startswith(b"PK")
    [line] = client.get(reverse("api_submissions"), headers=bearer).json()["results"]
    assert (line["id"], line["state"]) == (told["id"], "done")


def test_the_verdict_has_the_shape_of_the_command(client, county, clerk, bearer, tmp_path, capsys):
    path = builders.write_workbook(tmp_path / "a.xlsx")
    told = sent(client, bearer, "a.xlsx", path.read_bytes()).json()
    run_waiting_jobs()
    answered = client.get(reverse("api_verdict", args=[told["id"]]), headers=bearer).json()
    with pytest.raises(SystemExit):
        call_command("judge", str(path), "--json")
    printed = json.loads(capsys.readouterr().out)
    assert answered.keys() == printed.keys()
    assert {key: answered[key] for key in ("standard", "passed", "stages", "schools", "criteria")} == {
        key: printed[key] for key in ("standard", "passed", "stages", "schools", "criteria")
    }
    assert answered["problems"][0].keys() == printed["problems"][0].keys() if printed["problems"] else True


def test_a_file_that_cannot_be_read_is_told_as_not_judged(client, county, bearer):
    told = sent(client, bearer).json()
    run_waiting_jobs()
    verdict = client.get(reverse("api_verdict", args=[told["id"]]), headers=bearer).json()
    assert (verdict["passed"], verdict["complete"], verdict["schools"]) == (None, False, [])
    assert verdict["problems"][0]["rule"].startswith("file.")
    refused = client.get(reverse("api_annotated", args=[told["id"]]), headers=bearer)
    assert refused.status_code == 403
    assert "问题清单" in refused.json()["detail"]


def test_the_same_file_sent_twice_is_one_version(client, county, bearer):
    first, second = sent(client, bearer), sent(client, bearer)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("name", ["a.xls", "a.pdf", "a"])
def test_a_file_of_another_kind_is_refused_as_on_the_page(client, county, bearer, name):
    refused = sent(client, bearer, name)
    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == ["file"]
    assert not Submission.objects.exists()


def test_who_does_not_upload_is_told_why_not(client, standard, signer, inspector, county, clerk):
    for person, words in ((signer, "签报人不上传数据"), (inspector, "只有本县的填报员")):
        refused = sent(client, token_of(person))
        assert refused.status_code == 403
        assert words in refused.json()["detail"]
    signed(county, clerk, signer)
    refused = sent(client, token_of(clerk))
    assert refused.status_code == 403
    assert "已签报，数据已封存" in refused.json()["detail"]


def test_everything_taken_away_is_an_event_and_looking_at_the_job_is_none(client, county, bearer):
    pk = sent(client, bearer, "a.xlsx", workbook(county)).json()["id"]
    run_waiting_jobs()
    for room in ("api_job", "api_submissions"):
        client.get(reverse(room, args=[pk] if room == "api_job" else []), headers=bearer)
    assert not Event.objects.filter(kind="download").exists()
    for room in ("api_submission", "api_problems", "api_verdict", "api_annotated"):
        client.get(reverse(room, args=[pk]), headers=bearer)
    told = [json.loads(payload) for payload in Event.objects.filter(kind="download").values_list("payload", flat=True)]
    assert [(each["what"], each["version"]) for each in told] == [
        ("接口结果", 1), ("接口问题清单", 1), ("接口结论", 1), ("标注后的工作簿", 1),
    ]  # fmt: skip


def test_versions_and_problems_are_filtered_and_paged(client, county, clerk, bearer):
    for content in (b"1", b"2"):
        sent(client, bearer, "a.xlsx", content)
    page = client.get(reverse("api_submissions"), {"page_size": 1}, headers=bearer).json()
    assert (page["count"], page["results"][0]["version"]) == (2, 2)
    assert client.get(reverse("api_submissions"), {"state": "done"}, headers=bearer).json()["count"] == 0
    assert client.get(reverse("api_submissions"), {"school_year": 1999}, headers=bearer).json()["count"] == 0
    run_waiting_jobs()
    assert client.get(reverse("api_submissions"), {"state": "done"}, headers=bearer).json()["count"] == 2
    problems = reverse("api_problems", args=[page["results"][0]["id"]])
    assert client.get(problems, {"severity": "error"}, headers=bearer).json()["count"] == 1
    assert client.get(problems, {"severity": "warning"}, headers=bearer).json()["count"] == 0
    assert client.get(problems, {"rule": "file.no_such"}, headers=bearer).json()["count"] == 0


def test_answers_to_a_token_ask_the_database_a_bounded_number_of_times(
    client, county, bearer, django_assert_max_num_queries
):
    pk = sent(client, bearer, "a.xlsx", workbook(county)).json()["id"]
    for content in (b"1", b"2", b"3"):
        sent(client, bearer, "b.xlsx", content)
    run_waiting_jobs()
    client.get(reverse("api_account"), headers=bearer)
    for room in ("api_account", "api_submissions", "api_submission", "api_job", "api_problems", "api_verdict"):
        args = [] if room in ("api_account", "api_submissions") else [pk]
        with django_assert_max_num_queries(_MOST_QUERIES):
            assert client.get(reverse(room, args=args), headers=bearer).status_code == 200
