"""Printed documents: who has which made and when, one order of two, numbers, what is kept, what the public reads."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from evaluation import document_making, documents, documents_kept, jobs
from evaluation.actions import run_job, run_waiting_jobs, upload_workbook
from evaluation.certifying import revoke
from evaluation.document_archive import safe_name
from evaluation.document_making import DocumentKind
from evaluation.document_queries import document_status
from evaluation.document_run import A_BATCH
from evaluation.document_templates import TemplateRefused, reset_template, set_template
from evaluation.documents import order_annual_report, order_document, publish_report
from evaluation.models import DocumentOrder, DocumentTemplate, Event, IssuedDocument, Job, JobState, Message
from evaluation.permissions import Refused, why_not_order_document
from evaluation.published import documents_behind, is_published
from evaluation.signing import withdraw
from indicators.models import StoredFile
from schools.models import County, User
from tests.evaluation import walk
from tests.evaluation.plain_maker import word_file
from tests.evaluation.standing import stands
from tests.evaluation.test_races import Track, track  # noqa: F401
from tests.evaluation.walk import People, people_of_county

SELF, OPINION, FEEDBACK, PLAN = (
    DocumentKind.SELF_ASSESSMENT,
    DocumentKind.OPINION,
    DocumentKind.FEEDBACK,
    DocumentKind.SCHOOL_PLAN,
)


@pytest.fixture
def people(standard, county: County, clerk: User, signer: User) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def signed(people, county):
    return walk.signed(county, people.clerk, people.signer)


@pytest.fixture
def published(people, county):
    return stands(county, people)


def made(user: User, evaluation, kind: DocumentKind = SELF, seen: int = 0) -> DocumentOrder:
    """An order of a document, done by a worker."""
    order = order_document(user, evaluation, kind, seen)
    run_waiting_jobs()
    order.refresh_from_db()
    return order


def test_a_self_assessment_is_made_numbered_hashed_and_recorded(signed, people, maker):
    order = made(people.clerk, signed)
    document = order.documents.get()
    assert (order.finished_at is not None, order.fault, order.ready, order.number) == (True, "", 1, 1)
    assert re.fullmatch(r"ZP-990101-\d{4}-01-[A-Z2-7]{6}", document.number)
    seal = maker.filled[0]
    assert seal.number == document.number
    assert seal.address.endswith(f"/documents/{document.number}/")
    facts = json.dumps(
        maker.facts(SELF, signed.pk, "", signed.filing.verdict_id),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    assert document.facts_sha256 == seal.sha256 == hashlib.sha256(facts.encode()).hexdigest()
    assert document.template_sha256 == hashlib.sha256(maker.default_template(SELF)).hexdigest()
    assert hashlib.sha256(document.docx.content).hexdigest() == document.docx_id
    assert bytes(document.pdf.content) == b"%PDF-1.7\n" + bytes(document.docx.content)
    ordered, issued = Event.objects.filter(kind__startswith="document_").order_by("number")
    assert (ordered.kind, ordered.actor, ordered.evaluation) == ("document_ordered", people.clerk, signed)
    assert (issued.kind, issued.evaluation) == ("document_issued", signed)
    assert {document.number, document.pdf_id} <= set(json.loads(issued.payload).values())
    assert "自评报告已经制作完成" in Message.objects.filter(person=people.clerk).latest("pk").text


def test_who_may_have_what_made_follows_the_state_and_every_refusal_says_why(people, county, maker):
    evaluation = walk.proposed(county, people)

    def reasons(user: User) -> dict[DocumentKind, str]:
        kinds = (SELF, OPINION, FEEDBACK, PLAN)
        return {kind: why_not_order_document(user, evaluation, kind) for kind in kinds}

    assert reasons(people.clerk)[SELF] == reasons(people.signer)[PLAN] == ""
    assert "由负责本县的督学或审定人制作" in reasons(people.clerk)[FEEDBACK]
    assert reasons(people.inspector)[FEEDBACK] == reasons(people.chief)[FEEDBACK] == ""
    assert "审定以后才能制作" in reasons(people.inspector)[OPINION]
    assert "由本县的填报员或签报人制作" in reasons(people.chief)[SELF]
    assert all(reasons(people.city).values())
    with pytest.raises(Refused, match="审定以后才能制作"):
        order_document(people.chief, evaluation, OPINION, 0)
    assert not DocumentOrder.objects.exists()


def test_nothing_is_made_from_figures_that_nobody_signed(people, county, signed, maker):
    withdraw(people.signer, signed, signed.version, "发现一处填错。")
    signed.refresh_from_db()
    with pytest.raises(Refused, match="重新签报以后"):
        order_document(people.clerk, signed, SELF, 0)
    signed.filing = None
    assert "试算的数据不进入文件" in why_not_order_document(people.clerk, signed, SELF)


def test_without_a_maker_the_page_and_the_refusal_say_so(client, people, signed, monkeypatch):
    monkeypatch.setattr(document_making, "_maker", [])
    with pytest.raises(Refused, match="没有启用文件制作"):
        order_document(people.clerk, signed, SELF, 0)
    client.force_login(people.clerk)
    assert "没有启用文件制作" in client.get(reverse("evaluation", args=[signed.pk])).content.decode()


def test_a_second_click_gets_the_order_of_the_first_also_when_it_is_done(signed, people, maker):
    first = order_document(people.clerk, signed, SELF, 0)
    assert order_document(people.signer, signed, SELF, 0).pk == first.pk
    run_waiting_jobs()
    assert order_document(people.clerk, signed, SELF, 0).pk == first.pk
    assert Event.objects.filter(kind="document_ordered").count() == 1
    second = made(people.clerk, signed, SELF, seen=1)
    assert (second.number, second.documents.get().number[:-7]) == (2, f"ZP-990101-{signed.school_year}-02")


PAIRS = 12


@pytest.mark.django_db(transaction=True)
def test_of_two_orders_at_once_there_is_one(signed, people, maker, track):  # noqa: F811
    for number in range(PAIRS):
        outcomes = track.race(
            lambda seen=number: order_document(people.clerk, signed, SELF, seen),
            lambda seen=number: order_document(people.signer, signed, SELF, seen),
        )
        assert outcomes == (None, None)
        assert DocumentOrder.objects.count() == Job.objects.filter(document_order__isnull=False).count() == number + 1
        DocumentOrder.objects.update(finished_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_and_the_look_only_the_database_stands_against_the_second(signed, people, maker, monkeypatch):
    # The control: neither the county's row is held nor the last order looked at.
    order_document(people.clerk, signed, SELF, 0)
    monkeypatch.setattr(documents, "lock_county", lambda code: None)
    monkeypatch.setattr(documents, "newest_order", lambda *about: None)
    with pytest.raises(IntegrityError):
        order_document(people.signer, signed, SELF, 0)
    assert DocumentOrder.objects.count() == 1


def test_the_database_itself_refuses_what_must_never_be(signed, people, maker):
    order = made(people.clerk, signed)
    rows = {"kind": SELF, "place": order.place, "school_year": order.school_year, "ordered_by": people.clerk}
    of_it = rows | {"evaluation": signed, "filing": signed.filing, "total": 1}
    for wrong in (
        of_it | {"number": 1, "finished_at": timezone.now()},
        rows | {"number": 2, "total": 1},
        of_it | {"number": 2, "ready": 2},
        of_it | {"number": 2, "fault": "x"},
        of_it | {"number": 2, "kind": DocumentKind.ANNUAL_REPORT},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            DocumentOrder.objects.create(**wrong)
    document = order.documents.get()
    document.pk, document.number = None, "other"
    with pytest.raises(IntegrityError), transaction.atomic():
        document.save(force_insert=True)


def many(count: int) -> list[tuple[str, str]]:
    return [(f"3990101{number:03d}", f"望棠区第{number}小学") for number in range(1, count + 1)]


def test_plans_are_made_in_batches_and_a_killed_worker_is_followed_without_double_numbers(signed, people, maker):
    count = 2 * A_BATCH + 3
    maker.named = many(count)
    order = order_document(people.clerk, signed, PLAN, 0)
    killed = [False]

    def killed_in_the_second_batch() -> None:
        if len(maker.batches) == 1 and not killed[0]:
            killed[0] = True
            raise KeyboardInterrupt

    maker.on_print = killed_in_the_second_batch
    with pytest.raises(KeyboardInterrupt):
        run_waiting_jobs()
    order.refresh_from_db()
    assert (order.ready, order.documents.count(), order.finished_at) == (A_BATCH, A_BATCH, None)
    before = dict(order.documents.values_list("school", "number"))
    # Its lease runs out, and the next one takes the job over.
    Job.objects.filter(document_order=order).update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    run_waiting_jobs()
    order.refresh_from_db()
    after = dict(order.documents.values_list("school", "number"))
    assert (order.ready, order.total, len(after), order.fault) == (count, count, count, "")
    assert len(set(after.values())) == count
    assert before.items() <= after.items()
    assert maker.batches == [A_BATCH, A_BATCH, 3]
    assert Event.objects.filter(kind="document_issued").count() == 1


def test_a_worker_thought_dead_stores_nothing_more(signed, people, maker):
    maker.named = many(A_BATCH)
    order = order_document(people.clerk, signed, PLAN, 0)

    def taken_over() -> None:
        Job.objects.update(worker="another", attempts=2)

    maker.on_print = taken_over
    run_waiting_jobs()
    order.refresh_from_db()
    assert (order.ready, order.documents.count(), order.finished_at) == (0, 0, None)


def test_without_the_fence_it_would_store_too(signed, people, maker, monkeypatch):
    # The control: nobody asks whether the job is still held.
    maker.named = many(A_BATCH)
    order = order_document(people.clerk, signed, PLAN, 0)
    maker.on_print = lambda: Job.objects.update(worker="another", attempts=2)
    monkeypatch.setattr(jobs, "report_stage", lambda *args: None)
    run_waiting_jobs()
    assert order.documents.count() == A_BATCH


def test_an_upload_that_waits_comes_between_two_batches_and_costs_the_order_no_attempt(
    signed, people, maker, other_county, other_clerk, story_workbook
):
    maker.named = many(2 * A_BATCH)
    order, uploads = order_document(people.clerk, signed, PLAN, 0), []

    def uploaded_meanwhile() -> None:
        if not uploads:
            content = story_workbook("passes")
            uploads.append(upload_workbook(other_clerk, other_county, signed.school_year, "a.xlsx", content))

    maker.on_print = uploaded_meanwhile
    job = jobs.claim()
    run_job(job)
    job.refresh_from_db()
    assert (job.state, job.attempts, order.documents.count()) == (JobState.WAITING, 0, A_BATCH)
    assert jobs.claim().submission == uploads[0]
    run_waiting_jobs()
    assert order.documents.count() == 2 * A_BATCH
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 1)


def test_a_turn_that_lasts_long_ends_after_a_batch_and_the_order_goes_on(signed, people, maker, monkeypatch):
    maker.named = many(2 * A_BATCH)
    order = order_document(people.clerk, signed, PLAN, 0)
    monkeypatch.setattr(jobs, "_LONGEST_TURN_SECONDS", 0.0)
    run_job(jobs.claim())
    assert (Job.objects.get(document_order=order).state, order.documents.count()) == (JobState.WAITING, A_BATCH)
    run_waiting_jobs()
    job = Job.objects.get(document_order=order)
    assert (job.state, job.attempts, order.documents.count()) == (JobState.DONE, 1, 2 * A_BATCH)


def test_an_order_that_failed_too_often_waits_for_a_person_who_lets_it_go_on(client, signed, people, maker):
    failing = [True]

    def fails() -> None:
        if failing:
            raise jobs.Stuck

    maker.on_print = fails
    order = order_document(people.clerk, signed, SELF, 0)
    for _ in range(jobs.MOST_ATTEMPTS):
        Job.objects.update(not_before=None)
        run_waiting_jobs()
    job = Job.objects.get(document_order=order)
    assert job.state == JobState.SET_ASIDE
    client.force_login(people.clerk)
    page = client.get(reverse("evaluation", args=[signed.pk])).content.decode()
    assert "没有做完：处理停在一个阶段没有进展" in page
    assert "继续制作" in page
    failing.clear()
    client.post(reverse("document_order", args=[signed.pk, SELF.value]), {"seen": "1"})
    run_waiting_jobs()
    order.refresh_from_db()
    assert (order.documents.count(), order.fault, DocumentOrder.objects.count()) == (1, "", 1)


def test_what_cannot_be_printed_at_the_last_attempt_is_there_as_word_files_and_can_be_made_anew(
    client, signed, people, maker
):
    maker.named = many(A_BATCH + 1)
    maker.fails = jobs.MOST_ATTEMPTS
    order = order_document(people.clerk, signed, PLAN, 0)
    for attempt in range(1, jobs.MOST_ATTEMPTS + 1):
        assert order.documents.count() == 0, attempt
        Job.objects.update(not_before=None)
        run_waiting_jobs()
    order.refresh_from_db()
    assert (order.finished_at is not None, order.fault, order.documents.count()) == (True, "", A_BATCH + 1)
    # The second batch was not tried: of one order all are read as Word files.
    assert (order.documents.filter(pdf=None).count(), maker.batches) == (A_BATCH + 1, [])
    assert Job.objects.get(document_order=order).state == JobState.DONE
    assert "没有转换成 PDF，可以下载 Word 文件" in Message.objects.filter(person=people.clerk).latest("pk").text
    client.force_login(people.clerk)
    assert "没有转换成 PDF" in client.get(reverse("evaluation", args=[signed.pk])).content.decode()
    archive = b"".join(client.get(reverse("documents_archive", args=[order.pk])).streaming_content)
    with zipfile.ZipFile(io.BytesIO(archive)) as package:
        assert {name[-5:] for name in package.namelist()} == {".docx"}
    set_template(people.chief, PLAN, "本省.docx", own := word_file("own"))
    again = made(people.clerk, signed, PLAN, seen=1)
    assert again.template.file_id == hashlib.sha256(own).hexdigest()
    assert again.documents.filter(pdf=None).count() == 0


def test_where_nothing_can_be_printed_there_is_the_word_file_and_a_sentence(client, signed, people, maker):
    maker.prints = False
    document = made(people.clerk, signed).documents.get()
    assert document.pdf is None
    client.force_login(people.clerk)
    assert "没有转换 PDF 的程序" in client.get(reverse("evaluation", args=[signed.pk])).content.decode()
    assert client.get(reverse("document_file", args=[document.number, "pdf"])).status_code == 404
    assert client.get(reverse("document_file", args=[document.number, "docx"])).content == bytes(document.docx.content)


def test_a_filing_that_changes_while_documents_are_made_ends_the_order_with_a_sentence(client, signed, people, maker):
    order = order_document(people.clerk, signed, SELF, 0)
    withdraw(people.signer, signed, signed.version, "发现一处填错。")
    run_waiting_jobs()
    order.refresh_from_db()
    assert "签报、核算结果或处理建议有了变化" in order.fault
    assert not order.documents.exists()
    # Whoever ordered may have left the page, which promised a message.
    assert order.fault in Message.objects.filter(person=people.clerk).latest("pk").text
    client.force_login(people.clerk)
    assert order.fault in client.get(reverse("evaluation", args=[signed.pk])).content.decode()


HOSTILE = [
    ("3990101001", "../../etc/passwd"),
    ("3990101002", "第一小学"),
    ("3990101003", "第一小学"),
    ("3990101004", "C:\\windows\\=cmd|' /C calc'!A0"),
    ("3990101005", "名\u202egpj.exe\u0007\n名"),
    ("3990101006", "长" * 200),
    ("3990101007", "..."),
    ("3990101008", "<script>alert(1)</script>"),
]


def test_the_archive_holds_every_school_under_a_plain_name_and_is_the_same_every_time(client, signed, people, maker):
    maker.named = HOSTILE
    order = made(people.clerk, signed, PLAN)
    client.force_login(people.clerk)
    answer = client.get(reverse("documents_archive", args=[order.pk]))
    content = b"".join(answer.streaming_content)
    assert hashlib.sha256(content).hexdigest() == order.archive_sha256
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("第一小学_3990101003.pdf") == bytes(order.documents.get(school="3990101003").pdf.content)
    assert len(set(names)) == len(HOSTILE)
    for name in names:
        assert not re.search(r'[\\/:*?"<>|\x00-\x1f\u202a-\u202e]', name), name
        assert not name.startswith(".")
        assert len(name.encode()) < 255
    event = Event.objects.filter(kind="download").latest("number")
    assert (event.actor, event.evaluation) == (people.clerk, signed)
    page = client.get(reverse("documents_of_order", args=[order.pk])).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    document = order.documents.get(school="3990101008")
    page = client.get(reverse("document", args=[document.number])).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("typed", "safe"),
    [("", "未命名"), ("第 一\t小学", "第 一小学"), ("/..//", "未命名"), ("a" * 400, "a" * 150), ("ＡＢ", "ＡＢ")],
)
def test_a_name_is_made_safe(typed, safe):
    assert safe_name(typed) == safe


def test_what_rests_on_a_published_result_is_public_and_the_plans_never_are(client, published, people, maker):
    for kind, user in ((SELF, people.clerk), (OPINION, people.chief), (FEEDBACK, people.inspector)):
        made(user, published, kind)
    maker.named = many(2)
    plans = made(people.signer, published, PLAN)
    behind = documents_behind(published.certificate)
    assert [each.order.kind for each in behind] == [SELF, OPINION, FEEDBACK]
    page = client.get(reverse("result", args=[published.certificate.code])).content.decode()
    for each in behind:
        assert is_published(each)
        answer = client.get(reverse("document_published", args=[each.number, "pdf"]))
        assert (answer.status_code, answer.content) == (200, bytes(each.pdf.content))
        assert answer["ETag"] == f'"{each.pdf_id}"'
        assert each.number in page
        # The door for those who see the evaluation is theirs alone.
        assert client.get(reverse("document_file", args=[each.number, "pdf"])).status_code == 302
    for plan in plans.documents.all():
        assert plan.number not in page
        assert client.get(reverse("document_published", args=[plan.number, "pdf"])).status_code == 404
    assert not Event.objects.filter(kind="download").exists()


def test_before_the_publication_nothing_is_public_but_that_a_document_is_genuine(client, signed, people, maker):
    document = made(people.clerk, signed).documents.get()
    assert client.get(reverse("document_published", args=[document.number, "docx"])).status_code == 404
    page = client.get(reverse("document", args=[document.number])).content.decode()
    assert "只确认它由本平台制作" in page
    assert document.docx_id in page
    assert reverse("document_file", args=[document.number, "docx"]) not in page
    guessed = document.number[:-6] + "AAAAAA"
    assert client.get(reverse("document", args=[guessed])).status_code == 404


def test_a_file_or_its_hash_or_its_number_is_verified_and_a_changed_byte_is_told(client, signed, people, maker):
    document = made(people.clerk, signed).documents.get()

    def verified(content: bytes, name: str) -> str:
        return client.post(reverse("verify"), {"file": SimpleUploadedFile(name, content)}).content.decode()

    for stored, name in ((document.pdf, "a.pdf"), (document.docx, "a.docx")):
        content = bytes(stored.content)
        assert "逐字节一致" in verified(content, name)
        assert document.number in verified(content, name)
        changed = verified(content[:-1] + b"x", name)
        assert "不能确认" in changed
        assert "不相同" in changed
    for typed in (document.number, document.number.lower(), document.pdf_id):
        assert document.number in client.get(reverse("verify"), {"number": typed}).content.decode()


def test_the_page_tells_how_far_it_is_and_asks_again_only_while_something_is_made(client, signed, people, maker):
    client.force_login(people.clerk)
    part = reverse("documents_progress", args=[signed.pk])
    assert "data-hx-get" not in client.get(reverse("evaluation", args=[signed.pk])).content.decode()
    maker.named = many(30)
    order = order_document(people.clerk, signed, PLAN, 0)
    DocumentOrder.objects.update(ready=12)
    job = Job.objects.filter(document_order=order)
    job.update(state=JobState.RUNNING, lease_until=timezone.now() + datetime.timedelta(minutes=1))
    page = client.get(reverse("evaluation", args=[signed.pk])).content.decode()
    assert "已完成 12 / 30 份" in page
    asked = re.search(r'data-hx-get="([^"]+)"', page)[1]
    assert client.get(asked, headers={"HX-Request": "true"}).status_code == 204
    assert client.get(part).status_code == 302
    DocumentOrder.objects.update(ready=22)
    again = client.get(asked, headers={"HX-Request": "true"}).content.decode()
    assert "已完成 22 / 30 份" in again
    DocumentOrder.objects.update(ready=0)
    job.update(state=JobState.WAITING, lease_until=None)
    run_waiting_jobs()
    order.refresh_from_db()
    done = client.get(asked, headers={"HX-Request": "true"}).content.decode()
    assert "data-hx-get" not in done
    assert reverse("documents_archive", args=[order.pk]) in done


def test_a_template_counts_from_the_next_order_on_is_kept_and_is_put_back(published, people, maker):
    chief, clerk = people.chief, people.clerk
    made(clerk, published)
    own = word_file("own")
    set_template(chief, SELF, "本省.docx", own)
    second = made(clerk, published, seen=1).documents.get()
    assert second.template_sha256 == hashlib.sha256(own).hexdigest()
    waiting = order_document(clerk, published, SELF, 2)
    reset_template(chief, SELF)
    run_waiting_jobs()
    # What was ordered before is filled into what counted then.
    assert waiting.documents.get().template_sha256 == second.template_sha256
    last = made(clerk, published, seen=3).documents.get()
    assert last.template_sha256 == hashlib.sha256(maker.default_template(SELF)).hexdigest()
    kinds = [json.loads(event.payload)["filename"] for event in Event.objects.filter(kind="document_template")]
    assert kinds == ["本省.docx", "恢复默认模板"]
    with pytest.raises(Refused, match="就是默认模板"):
        reset_template(chief, SELF)
    with pytest.raises(Refused, match="由省级审定人办理"):
        set_template(people.inspector, SELF, "a.docx", own)


def test_a_template_that_cannot_be_filled_ends_the_order_at_once_and_says_why(client, signed, people, maker):
    set_template(people.chief, SELF, "本省.docx", b"PK\x03\x04 spoiled")
    order = made(people.clerk, signed)
    assert order.fault == "没有完成：模板中的“编号”无法填入。"
    assert "自评报告没有制作完成。" in (told := Message.objects.filter(person=people.clerk).latest("pk").text)
    assert order.fault in told
    assert Job.objects.get(document_order=order).state == JobState.DONE
    client.force_login(people.clerk)
    assert order.fault in client.get(reverse("evaluation", args=[signed.pk])).content.decode()
    reset_template(people.chief, SELF)
    assert made(people.clerk, signed, SELF, seen=1).documents.count() == 1


def test_everything_that_is_wrong_with_a_template_is_listed_at_once(client, people, maker):
    client.force_login(people.chief)
    file = SimpleUploadedFile("a.docx", b"no word file")
    answer = client.post(reverse("document_template_set", args=[SELF.value]), {"file": file})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请改正下面 2 处" in page
    assert "不是 Word 文件" in page
    assert "没有找到占位符" in page
    with pytest.raises(TemplateRefused, match="超过 5 MB"):
        set_template(people.chief, SELF, "a.docx", b"PK\x03\x04" + b"0" * 5 * 1024 * 1024)
    got = client.get(reverse("document_template", args=[SELF.value]))
    assert b"".join(got.streaming_content) == maker.default_template(SELF)


def test_an_annual_report_is_made_from_what_is_published_and_public_once_the_chief_says_so(
    client, published, people, maker
):
    year = published.school_year
    with pytest.raises(Refused, match="还没有公布的结果"):
        order_annual_report(people.chief, year - 1, 0)
    with pytest.raises(Refused, match="由省级审定人办理"):
        order_annual_report(people.inspector, year, 0)
    first = order_annual_report(people.chief, year, 0)
    assert order_annual_report(people.second_chief, year, 0) == first
    run_waiting_jobs()
    report = first.documents.get()
    public = reverse("document_published", args=[report.number, "pdf"])
    assert client.get(public).status_code == 404
    publish_report(people.chief, report)
    assert client.get(public).status_code == 200
    with pytest.raises(Refused, match="已经公布"):
        publish_report(people.chief, report)
    assert report.number in client.get(reverse("province", args=["990000"])).content.decode()
    second = order_annual_report(people.chief, year, 1)
    run_waiting_jobs()
    newer = second.documents.get()
    assert document_status(report).key == "valid"
    publish_report(people.chief, newer)
    # The earlier one stays where it was, and says so.
    assert client.get(public).status_code == 200
    page = client.get(reverse("document", args=[report.number])).content.decode()
    assert "已被取代" in page
    assert newer.number in page
    assert Event.objects.filter(kind="document_published").count() == 2


def test_a_report_is_not_published_once_what_it_tells_has_changed(published, people, maker):
    order = order_annual_report(people.chief, published.school_year, 0)
    run_waiting_jobs()
    published.refresh_from_db()
    revoke(people.chief, published, published.version, "数据不实。")
    with pytest.raises(Refused, match="请重新制作"):
        publish_report(people.chief, order.documents.get())


def test_plans_are_given_up_after_their_time_and_nothing_else_is(client, settings, signed, people, maker):
    maker.named = many(2)
    plans, report = made(people.clerk, signed, PLAN), made(people.clerk, signed)
    assert documents_kept.clear_school_plans() == 0
    long_ago = timezone.now() - datetime.timedelta(days=settings.SCHOOL_PLANS_KEPT_DAYS + 1)
    IssuedDocument.objects.update(made_at=long_ago)
    # Bytes that are used for something else, too, are kept for that.
    used = plans.documents.last()
    DocumentTemplate.objects.create(
        province_id="990000", kind=PLAN, file=used.docx, filename="a.docx", set_by=people.chief
    )
    assert documents_kept.clear_school_plans() == 3
    assert StoredFile.objects.filter(cleared_at__isnull=False).count() == 3
    assert bytes(report.documents.get().pdf.content)
    client.force_login(people.clerk)
    plan = plans.documents.first()
    assert client.get(reverse("document_file", args=[plan.number, "pdf"])).status_code == 410
    assert client.get(reverse("documents_archive", args=[plans.pk])).status_code == 302
    assert plan.pdf_id in client.get(reverse("document", args=[plan.number])).content.decode()
    # They can be made anew from what was signed.
    again = made(people.clerk, signed, PLAN, seen=1)
    assert again.documents.filter(docx__cleared_at=None).count() == 2
