"""Signing: what stands in the way and is said beforehand, what a signature covers, and that it can be taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from evaluation.actions import upload_workbook
from evaluation.decisions import judge_item
from evaluation.evidence_actions import withdraw_evidence
from evaluation.explaining import explain
from evaluation.freezing import why_frozen
from evaluation.manifest import sha256_of
from evaluation.models import Assignment, Event, Filing
from evaluation.partials import upload_partial
from evaluation.permissions import Refused
from evaluation.queries import evaluation_of
from evaluation.recomputing import differences
from evaluation.rereading import reread
from evaluation.revisions import correct_cell, why_not_revise
from evaluation.signing import Seen, submit, to_sign, withdraw
from evaluation.steps import Overtaken, take_step
from evaluation.workflow import State, Step
from indicators.explanations import open_explanations
from indicators.models import Evidence, Explanation, Submission
from schools.actions import appoint
from schools.models import Division, User
from schools.queries import current_school_year
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.evaluation import walk

pytestmark = pytest.mark.usefixtures("standard")
YEAR = current_school_year()


@pytest.fixture
def city(county) -> User:
    return appoint("city", "复核甲", Party.CITY_REVIEWER, Division.objects.get(pk="990100"), PASSWORD)


def reasons(county, signer) -> str:
    return " ".join(to_sign(signer, county, YEAR).reasons)


def seen_now(county, signer) -> Seen:
    found = to_sign(signer, county, YEAR)
    return Seen(found.submission.pk, found.verdict.pk, found.version)


# ── What stands in the way ────────────────────────────────────────────────────────────────────


def test_before_anything_is_uploaded_there_is_nothing_to_sign(county, signer):
    assert "还没有上传过数据" in reasons(county, signer)


def test_a_version_that_still_waits_for_its_verdict_cannot_be_signed(uploaded, county, signer):
    assert "还在处理" in reasons(county, signer)


def test_the_newest_version_counts_even_if_an_older_one_could_be_signed(county, clerk, signer):
    walk.uploaded(county, clerk)
    assert reasons(county, signer) == ""
    upload_workbook(clerk, county, YEAR, "坏.xlsx", b"no workbook at all")
    walk.run_waiting_jobs()
    assert "第 2 版的文件不能使用" in reasons(county, signer)


def test_missing_data_cannot_be_signed(county, clerk, signer):
    version = walk.uploaded(county, clerk, "cell_missing")
    assert version.verdicts.first().passed is None
    assert "缺少数据不视为达标" in reasons(county, signer)
    with pytest.raises(Refused, match="缺少数据"):
        walk.sign(county, signer)


def test_what_must_be_explained_is_explained_first(county, clerk, signer):
    version = walk.uploaded(county, clerk, walk.TO_EXPLAIN)
    assert open_explanations(version).count() == 2
    assert "还有 2 处“必须说明”没有说明" in reasons(county, signer)
    with pytest.raises(Refused, match="必须说明"):
        walk.sign(county, signer)
    walk.explained(clerk, version)
    assert reasons(county, signer) == ""


def test_a_county_that_fails_may_file_honestly_and_the_statement_says_so(county, clerk, signer):
    evaluation = walk.signed(county, clerk, signer, "one_school_short")
    assert evaluation.filing.verdict.passed is False
    assert "尚未达标，仍如实上报" in evaluation.filing.statement


def test_the_signer_is_never_the_clerk_of_what_is_signed_nor_of_what_it_was_made_from(county, clerk, signer):
    first = walk.uploaded(county, clerk)
    second = correct_cell(clerk, first, "学校数据", *a_correction(first))
    walk.run_waiting_jobs()
    walk.explained(clerk, second)
    assert reasons(county, signer) == ""
    # The clerk of the first version takes over as signer: one person, another post.
    User.objects.filter(pk=clerk.pk).update(party=Party.SIGNER)
    clerk.refresh_from_db()
    Submission.objects.filter(pk=second.pk).update(uploaded_by=signer)
    assert "第 1 版上更正的" in reasons(county, clerk)
    Submission.objects.filter(pk=second.pk).update(uploaded_by=clerk)
    assert "由您上传" in reasons(county, clerk)
    with pytest.raises(Refused, match="由您上传"):
        walk.sign(county, clerk)


def a_correction(version: Submission) -> tuple[str, str]:
    record = version.records.order_by("row").first()
    return f"{version.columns['books' if 'books' in version.columns else 'built_year']}{record.row}", "2001"


@pytest.mark.parametrize("party", [Party.CLERK, Party.CITY_REVIEWER, Party.INSPECTOR, Party.CHIEF, Party.STEWARD])
def test_nobody_but_the_signer_signs(county, clerk, signer, city, party):
    walk.uploaded(county, clerk)
    seen = seen_now(county, signer)
    place = {Party.CLERK: "990101", Party.CITY_REVIEWER: "990100"}.get(party, "990000")
    other = appoint("other", "别人", party, Division.objects.get(pk=place), PASSWORD)
    with pytest.raises(Refused, match="由本县的签报人办理"):
        submit(other, county, YEAR, seen, walk.SIGNED_AS)
    assert not Filing.objects.exists()


def test_the_signer_of_another_county_does_not_sign(county, other_county, clerk, signer):
    walk.uploaded(county, clerk)
    other = appoint("signer2", "签报人乙", Party.SIGNER, other_county, PASSWORD)
    with pytest.raises(Refused, match="由本县的签报人办理"):
        submit(other, county, YEAR, seen_now(county, signer), walk.SIGNED_AS)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": " "}, "姓名"),
        ({"post": ""}, "职务"),
        ({"accepts": False}, "声明"),
        ({"is_confirmed": False}, "密码不正确"),
        ({"post": "局\u202e长"}, "看不见的字符"),
        ({"name": "长" * 41}, "最多 40 个字"),
    ],
)
def test_a_signature_without_name_post_statement_or_password_is_none(county, clerk, signer, changed, words):
    walk.uploaded(county, clerk)
    with pytest.raises(Refused, match=words):
        walk.sign(county, signer, signature=replace(walk.SIGNED_AS, **changed))
    assert not Filing.objects.exists()
    assert evaluation_of(county, YEAR) is None


def test_what_changed_after_the_signer_looked_is_not_signed(county, clerk, signer):
    walk.uploaded(county, clerk)
    seen = seen_now(county, signer)
    walk.uploaded(county, clerk, "many_stages")
    walk.explained(clerk, to_sign(signer, county, YEAR).submission)
    with pytest.raises(Refused, match="您查看之后数据有了变化：现在是第 2 版"):
        submit(signer, county, YEAR, seen, walk.SIGNED_AS)
    assert not Filing.objects.exists()


def test_of_two_signatures_the_second_is_told_who_was_first(county, clerk, signer):
    walk.uploaded(county, clerk)
    seen = seen_now(county, signer)
    submit(signer, county, YEAR, seen, walk.SIGNED_AS)
    second = appoint("signer2", "签报人乙", Party.SIGNER, county, PASSWORD)
    with pytest.raises(Overtaken, match=r"签报人甲（签报人）已于 .* 办理“签报提交”"):
        submit(second, county, YEAR, seen, walk.SIGNED_AS)
    assert Filing.objects.count() == 1


# ── What a signature is ───────────────────────────────────────────────────────────────────────


def test_a_signature_moves_the_evaluation_and_stands_in_the_chain(county, clerk, signer):
    evaluation = walk.signed(county, clerk, signer)
    filing = evaluation.filing
    assert (evaluation.state, evaluation.version, filing.number) == (State.CITY_REVIEW, 1, f"QB-990101-{YEAR}-01")
    event = Event.objects.get(kind=Step.SUBMIT)
    assert (event.source, event.target, event.actor) == ("draft", "city_review", signer)
    told = json.loads(event.payload)
    assert (told["filing"], told["manifest"]) == (filing.number, sha256_of(filing.manifest))


def test_the_manifest_names_everything_the_signature_covers(county, clerk, signer):
    version = walk.uploaded(county, clerk, walk.TO_EXPLAIN)
    walk.explained(clerk, version)
    gone, kept = walk.attached(county, clerk, "G2", name="旧.pdf"), walk.attached(county, clerk, "G1")
    withdraw_evidence(clerk, gone)
    filing = walk.sign(county, signer)
    told = json.loads(filing.manifest)
    assert told["submission"]["file"]["sha256"] == version.file_id
    assert told["figures"]["schools"]["count"] == version.records.count()
    assert told["standard"][0]["code"] == "2017-quality"
    assert told["verdict"]["sha256"] == filing.verdict.sha256
    assert [each["text"] for each in told["explanations"]] == list(
        Explanation.objects.order_by("pk").values_list("text", flat=True)
    )
    assert [each["id"] for each in told["evidence"]] == [kept.pk]
    assert told["signed"]["post"] == "县教育局局长"
    assert {item[0] for item in told["items"]} >= {"L1", "G1", "V1"}
    assert list(differences()) == []


def test_a_later_explanation_of_the_same_figure_is_not_the_one_that_was_signed(county, clerk, signer):
    version = walk.uploaded(county, clerk, walk.TO_EXPLAIN)
    walk.explained(clerk, version)
    problem = version.problems.filter(severity="explain").first()
    explain(clerk, version, problem, "第二次说明，以此为准。")
    told = json.loads(walk.sign(county, signer).manifest)
    texts = {each["fingerprint"]: each["text"] for each in told["explanations"]}
    assert texts[problem.fingerprint] == "第二次说明，以此为准。"


# ── Sealed, and open again ────────────────────────────────────────────────────────────────────


def test_nothing_the_county_reports_changes_while_it_is_sealed(county, clerk, signer, story_workbook):
    version = walk.uploaded(county, clerk, walk.TO_EXPLAIN)
    walk.explained(clerk, version)
    evidence = walk.attached(county, clerk)
    walk.sign(county, signer)
    problem = version.problems.filter(severity="explain").first()
    assert problem is not None
    tries = {
        "upload": lambda: upload_workbook(clerk, county, YEAR, "新.xlsx", story_workbook("passes")),
        "partial": lambda: upload_partial(clerk, county, YEAR, "部分.xlsx", story_workbook("passes")),
        "correct": lambda: correct_cell(clerk, version, "学校数据", *a_correction(version)),
        "reread": lambda: reread(clerk, version),
        "explain": lambda: explain(clerk, version, problem, "换一个说法。"),
        "attach": lambda: walk.attached(county, clerk, "G2", name="补.pdf"),
        "withdraw": lambda: withdraw_evidence(clerk, evidence),
    }
    for tried in tries.values():
        with pytest.raises(Refused, match="已签报，数据已封存"):
            tried()
    assert "撤回签报" in why_not_revise(clerk, version)
    assert Submission.objects.count() == 1
    assert not Evidence.objects.exclude(withdrawn_at=None).exists()
    assert list(differences()) == []


def test_another_year_stays_open(county, clerk, signer, story_workbook):
    walk.signed(county, clerk, signer)
    assert why_frozen(county.pk, YEAR)
    assert why_frozen(county.pk, YEAR - 1) == ""
    assert upload_workbook(clerk, county, YEAR - 1, "去年.xlsx", story_workbook("passes")).version == 1


def test_a_decision_of_the_province_gives_a_new_verdict_and_leaves_the_signed_one(
    county, clerk, signer, city, inspector
):
    evaluation = walk.signed(county, clerk, signer)
    take_step(city, evaluation, Step.FORWARD, evaluation.version, reason="属实。")
    Assignment.objects.create(county=county, school_year=YEAR, inspector=inspector, assigned_by=inspector)
    judge_item(inspector, county, YEAR, "G1", True, "布局合理。")
    filing = Filing.objects.get()
    assert [verdict.number for verdict in filing.submission.verdicts.all()] == [2, 1]
    assert filing.verdict.number == 1
    assert list(differences()) == []


def test_a_signature_is_taken_back_with_a_reason_and_everything_is_open_again(county, clerk, signer, story_workbook):
    evaluation = walk.signed(county, clerk, signer)
    with pytest.raises(Refused, match="须写明理由"):
        withdraw(signer, evaluation, evaluation.version, " ")
    withdraw(signer, evaluation, evaluation.version, "在校生数填错。")
    assert evaluation.state == State.RETURNED
    assert why_frozen(county.pk, YEAR) == ""
    withdraw_evidence(clerk, Evidence.objects.get())
    walk.uploaded(county, clerk, "teaching_points")
    walk.explained(clerk, to_sign(signer, county, YEAR).submission)
    again = walk.sign(county, signer)
    assert (again.number, again.submission.version) == (f"QB-990101-{YEAR}-02", 2)
    evaluation.refresh_from_db()
    assert (evaluation.filing, evaluation.state) == (again, State.CITY_REVIEW)
    assert list(differences()) == []


def test_once_the_city_has_acted_the_signature_stays(county, clerk, signer, city):
    evaluation = walk.signed(county, clerk, signer)
    seen = evaluation.version
    take_step(city, evaluation, Step.FORWARD, seen, reason="属实。")
    with pytest.raises(Overtaken, match="复核甲"):
        withdraw(signer, evaluation, seen, "填错了。")
    with pytest.raises(Refused):
        withdraw(clerk, evaluation, evaluation.version, "填错了。")


# ── Computed again ────────────────────────────────────────────────────────────────────────────


def test_signed_verdicts_come_out_the_same_to_the_byte(county, clerk, signer):
    walk.signed(county, clerk, signer)
    out = StringIO()
    call_command("recompute", "--check", "--all", stdout=out)
    assert "重新核算 1 次结论：1 次逐字节相同，0 次不同" in out.getvalue()


def test_recompute_names_the_verdict_that_comes_out_differently(county, clerk):
    version = walk.uploaded(county, clerk)
    record = version.records.order_by("row").first()
    version.records.filter(pk=record.pk).update(primary_enrollment=record.primary_enrollment + 1)
    out = StringIO()
    with pytest.raises(CommandError) as stopped:
        call_command("recompute", "--check", "--all", stdout=out)
    assert stopped.value.returncode == 1
    assert "结果与重新核算的不同" in out.getvalue()
    # Nothing of it is signed: only --all asks.
    call_command("recompute", "--check", stdout=StringIO())
    summary = StringIO()
    call_command("recompute", "--all", stdout=summary)
    assert "1 次不同" in summary.getvalue()


# ── The pages ─────────────────────────────────────────────────────────────────────────────────


def posted(county, signer, **changed: str) -> dict[str, str]:
    seen = seen_now(county, signer)
    told = {"submission": seen.submission, "verdict": seen.verdict, "version": seen.version, "accepts": "on"}
    return {key: str(value) for key, value in told.items()} | {
        "name": "张文清", "post": "县教育局局长", "password": PASSWORD,
    } | changed  # fmt: skip


def test_the_signer_signs_on_the_page_and_gets_a_receipt(client, county, clerk, signer):
    walk.uploaded(county, clerk)
    client.force_login(signer)
    page = client.get(reverse("signing")).content.decode()
    assert "可以签报" in page
    assert "声明所报数据和佐证材料真实、准确、完整" in page
    assert "小学" in page
    assert "在校生" in page
    answer = client.post(reverse("signing_submit"), posted(county, signer))
    filing = Filing.objects.get()
    assert answer.headers["Location"] == reverse("filing", args=[filing.number])
    receipt = client.get(answer.headers["Location"]).content.decode()
    for words in (filing.number, filing.sha256, "张文清，县教育局局长", filing.statement):
        assert words in receipt
    assert client.get(reverse("filing_print", args=[filing.number])).status_code == 200


def test_a_wrong_password_signs_nothing_and_what_was_typed_is_kept(client, county, clerk, signer):
    walk.uploaded(county, clerk)
    client.force_login(signer)
    answer = client.post(reverse("signing_submit"), posted(county, signer, password="wrong-password", post="代局长"))
    page = client.get(answer.headers["Location"]).content.decode()
    assert "密码不正确，没有签报" in page
    assert 'value="代局长"' in page
    assert "wrong-password" not in page
    assert not Filing.objects.exists()


def test_the_password_of_somebody_else_is_no_signature(client, county, clerk, signer):
    clerk.set_password("another-long-password")
    clerk.save()
    walk.uploaded(county, clerk)
    client.force_login(signer)
    client.post(reverse("signing_submit"), posted(county, signer, password="another-long-password"))
    assert not Filing.objects.exists()


def test_the_clerk_reads_the_page_and_cannot_sign_there(client, county, clerk, signer):
    walk.uploaded(county, clerk)
    client.force_login(clerk)
    page = client.get(reverse("signing")).content.decode()
    assert "签报由本县的签报人办理" in page
    assert reverse("signing_submit") not in page
    client.post(reverse("signing_submit"), posted(county, signer))
    assert not Filing.objects.exists()


def test_for_everybody_else_there_is_no_signing_and_no_receipt_before_it_is_theirs(
    client, county, clerk, signer, other_clerk, inspector, city
):
    walk.uploaded(county, clerk)
    pages = [reverse("signing"), reverse("signing_print")]
    for user in (inspector, city):
        client.force_login(user)
        assert [client.get(page).status_code for page in pages] == [404, 404]
        assert client.post(reverse("signing_submit"), {}).status_code == 404
    client.force_login(other_clerk)
    assert "还没有上传过数据" in client.get(pages[0]).content.decode()
    assert client.get(pages[1]).status_code == 404
    filing = walk.sign(county, signer)
    receipts = [reverse(name, args=[filing.number]) for name in ("filing", "filing_print")]
    expected = {other_clerk: 404, inspector: 404, city: 200, clerk: 200, signer: 200}
    for user, status in expected.items():
        client.force_login(user)
        assert [client.get(page).status_code for page in receipts] == [status, status]
        withdrawal = client.post(reverse("signing_withdraw", args=[filing.evaluation_id]), {"version": 1})
        assert withdrawal.status_code == (404 if status == 404 else 302)
    filing.evaluation.refresh_from_db()
    assert filing.evaluation.state == State.CITY_REVIEW


def test_the_page_before_signing_shows_what_fails_what_waits_and_what_is_missing(client, county, clerk, signer):
    walk.uploaded(county, clerk, "coefficient_over_by_a_hair")
    client.force_login(signer)
    page = client.get(reverse("signing")).content.decode()
    assert "未达标也可以如实签报" in page
    assert "超过上限的差异系数" in page
    assert "骨干教师" in page
    assert "下列项目还缺材料" in page
    printed = client.get(reverse("signing_print")).content.decode()
    assert "尚未签报" in printed


def test_the_signer_takes_the_signature_back_on_the_receipt(client, county, clerk, signer):
    evaluation = walk.signed(county, clerk, signer)
    client.force_login(signer)
    receipt = reverse("filing", args=[evaluation.filing.number])
    assert "撤回签报" in client.get(receipt).content.decode()
    withdrawal = reverse("signing_withdraw", args=[evaluation.pk])
    client.post(withdrawal, {"version": evaluation.version, "reason": "填错了。"})
    evaluation.refresh_from_db()
    assert evaluation.state == State.RETURNED
    page = client.get(receipt).content.decode()
    assert "数据已重新开放" in page
    assert withdrawal not in page
