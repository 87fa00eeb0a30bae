"""What a printed document is worth later: by its certificate, by what succeeded it, by what it rests on."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.urls import reverse

from evaluation.actions import run_waiting_jobs
from evaluation.certifying import revoke, start_correction
from evaluation.decisions import judge_item, judged_items
from evaluation.document_making import DocumentKind
from evaluation.document_queries import document_status
from evaluation.document_run import A_BATCH
from evaluation.documents import order_document
from evaluation.models import DocumentOrder, IssuedDocument, Proposal
from evaluation.noticing import object_to, publish, uphold
from evaluation.proposing import propose, verdict_now
from evaluation.published import is_published
from evaluation.sending_back import forward
from evaluation.standards import parsed_standard
from schools.models import County, User
from tests.evaluation import walk
from tests.evaluation.standing import decided, over, stands
from tests.evaluation.test_documents import made, many
from tests.evaluation.walk import People, people_of_county

SELF, OPINION, PLAN = DocumentKind.SELF_ASSESSMENT, DocumentKind.OPINION, DocumentKind.SCHOOL_PLAN


@pytest.fixture
def people(standard, county: County, clerk: User, signer: User) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def signed(people, county):
    return walk.signed(county, people.clerk, people.signer)


@pytest.fixture
def published(people, county):
    return stands(county, people)


def test_what_a_document_is_worth_follows_the_certificate_behind_it(client, published, people, maker):
    document = made(people.clerk, published).documents.get()
    assert document_status(document).key == "valid"
    newer = made(people.clerk, published, seen=1).documents.get()
    status = document_status(IssuedDocument.objects.get(pk=document.pk))
    assert (status.key, status.successor) == ("superseded", newer)
    published.refresh_from_db()
    revoke(people.chief, published, published.version, "数据不实。")
    status = document_status(IssuedDocument.objects.get(pk=newer.pk))
    assert (status.key, status.behind.reason) == ("revoked", "数据不实。")
    page = client.get(reverse("document", args=[newer.number])).content.decode()
    assert "已撤销" in page
    assert "数据不实。" in page


def test_a_published_document_is_succeeded_only_by_what_everybody_may_read(client, published, people, maker):
    document = made(people.clerk, published).documents.get()
    published.refresh_from_db()
    correction = start_correction(people.chief, published, published.version, "小学在校生数有误。")
    walk.sign(correction.county, people.signer)
    correction.refresh_from_db()
    draft = made(people.clerk, correction, SELF, seen=1).documents.get()
    assert (draft.order.number, is_published(draft)) == (2, False)
    status = document_status(IssuedDocument.objects.get(pk=document.pk))
    assert (status.key, status.successor) == ("recheck", None)
    assert "以新的为准" not in client.get(reverse("document", args=[document.number])).content.decode()
    forward(people.city, correction, correction.version, "同意上报。")
    decided(correction, people)
    publish(people.chief, correction, correction.version, over(correction))
    status = document_status(IssuedDocument.objects.get(pk=document.pk))
    assert (status.key, status.successor) == ("superseded", draft)


def test_an_unpublished_document_is_not_succeeded_by_one_from_another_filing(signed, people, maker):
    document = made(people.clerk, signed).documents.get()
    newer = made(people.clerk, signed, seen=1)
    assert document_status(document).successor == newer.documents.get()
    newer_filing = signed.filing
    newer_filing.pk, newer_filing.number = None, "other"
    newer_filing.save(force_insert=True)
    DocumentOrder.objects.filter(pk=newer.pk).update(filing=newer_filing)
    assert document_status(IssuedDocument.objects.get(pk=document.pk)).successor is None


def test_an_opinion_on_what_an_objection_overthrew_is_outdated_before_and_after_the_next_proposal(
    client, people, county, maker
):
    evaluation, notice = walk.in_notice(county, people)
    order = made(people.chief, evaluation, OPINION)
    document = order.documents.get()

    def status() -> tuple[str, str]:
        found = document_status(IssuedDocument.objects.get(pk=document.pk))
        return found.key, found.words

    assert status()[0] == "pending"
    objection = object_to(notice, "公示的专任教师人数与学校实际情况不符。", sender="a")
    evaluation.refresh_from_db()
    objection.notice.evaluation = evaluation
    uphold(people.chief, objection, evaluation.version, "经核实，异议成立。")
    assert status() == ("superseded", "制作以后处理建议有了变化，这份文件不再是现在的情况。")
    client.force_login(people.chief)
    page = client.get(reverse("evaluation", args=[evaluation.pk])).content.decode()
    assert "制作以后处理建议有了变化" in page
    evaluation.refresh_from_db()
    propose(people.inspector, evaluation, Proposal.Decision.CERTIFY, evaluation.version, "重新核查后提出本建议。")
    assert status()[0] == "superseded"
    assert order.proposal.outcome == Proposal.Outcome.APPROVED


def test_all_plans_of_an_order_rest_on_one_verdict_and_a_newer_one_outdates_them(people, county, maker):
    evaluation = walk.forwarded(county, people)
    maker.named = many(A_BATCH + 1)
    order = order_document(people.clerk, evaluation, PLAN, 0)
    assert order.verdict == verdict_now(evaluation)
    judged = []

    def judged_meanwhile() -> None:
        if not judged:
            item = judged_items(parsed_standard(evaluation.standard))[0]
            judged.append(judge_item(people.inspector, county, evaluation.school_year, item.code, True, "符合要求。"))

    maker.on_print = judged_meanwhile
    run_waiting_jobs()
    order.refresh_from_db()
    assert verdict_now(evaluation) != order.verdict
    told = {
        zipfile.ZipFile(io.BytesIO(bytes(each.docx.content))).read("word/document.xml").decode().partition("\n")[0]
        for each in order.documents.select_related("docx")
    }
    assert {json.loads(each)["verdict"] for each in told} == {order.verdict_id}
    # What was made meanwhile is not handed out as what stands.
    assert "核算结果" in order.fault
    again = made(people.clerk, evaluation, PLAN, seen=1)
    assert (again.fault, again.verdict) == ("", verdict_now(evaluation))
    plan = again.documents.first()
    assert document_status(plan).key == "pending"
    item = judged_items(parsed_standard(evaluation.standard))[1]
    judge_item(people.inspector, county, evaluation.school_year, item.code, True, "符合要求。")
    status = document_status(IssuedDocument.objects.get(pk=plan.pk))
    assert (status.key, "核算结果有了变化" in status.words) == ("superseded", True)
