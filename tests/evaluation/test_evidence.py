"""Evidence: who attaches it, what is kept of it, and how it is handed out."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluation.evidence_actions import attach_evidence, set_task, withdraw_evidence
from evaluation.evidence_queries import evidence_visible_to, items_of, next_without_evidence
from evaluation.permissions import Refused, can_see_evidence, why_not_evidence
from indicators.evidence_files import EVIDENCE_LIMIT
from indicators.models import ChecklistTask, Evidence, StoredFile
from schools.actions import appoint
from schools.models import Division, User
from schools.queries import current_school_year
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.indicators.test_evidence_files import HTML, docx, jpeg, pdf, png, xlsx

Attach = Callable[..., Evidence]
DAY = datetime.date(2025, 3, 1)


@pytest.fixture
def attach(standard, clerk, county) -> Attach:
    def make(criterion: str = "G1", content: bytes = pdf(), filename: str = "通知.pdf", **said: Any) -> Evidence:
        about = {"issued_by": "县人民政府", "issued_on": DAY, "proof_page": "第3页", "note": ""} | said
        return attach_evidence(clerk, county, current_school_year(), criterion, filename, content, **about)[0]

    return make


@pytest.fixture
def outsiders(other_clerk, inspector, county) -> list[User]:
    city = Division.objects.get(pk="990100")
    province = Division.objects.get(pk="990000")
    return [
        other_clerk,
        inspector,
        appoint("city", "复核甲", Party.CITY_REVIEWER, city, PASSWORD),
        appoint("chief", "审定人甲", Party.CHIEF, province, PASSWORD),
        appoint("steward", "管理员甲", Party.STEWARD, province, PASSWORD),
        User.objects.create_user("nobody", password=PASSWORD),
    ]


def form(file: SimpleUploadedFile | None = None, **said: str) -> dict[str, Any]:
    typed = {"issued_by": "县教育局", "issued_on": "2025-03-01", "proof_page": "第3页", "note": "甲"} | said
    data: dict[str, Any] = {f"evidence-{name}": text for name, text in typed.items()}
    return data | ({"evidence-file": file} if file else {})


def upload(content: bytes = pdf(), name: str = "通知.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


# ── What is kept ──────────────────────────────────────────────────────────────────────────────


def test_a_file_is_kept_by_its_hash_with_what_is_said_about_it(attach, clerk):
    evidence = attach(note="　全文公开　")
    assert evidence.file_id == hashlib.sha256(pdf()).hexdigest()
    assert (evidence.kind, evidence.filename, evidence.note) == ("pdf", "通知.pdf", "全文公开")
    assert (evidence.uploaded_by, evidence.withdrawn_at) == (clerk, None)


def test_the_same_bytes_on_one_item_are_one_evidence_and_on_two_items_two(attach):
    first = attach()
    assert attach(filename="另一个名字.pdf") == first
    other = attach("G2")
    assert other != first
    assert other.file_id == first.file_id
    assert (Evidence.objects.count(), StoredFile.objects.count()) == (2, 1)


def test_the_database_itself_refuses_the_same_file_twice_on_one_item(attach):
    evidence = attach()
    evidence.pk = None
    with pytest.raises(IntegrityError):
        evidence.save(force_insert=True)


def test_a_withdrawn_file_stays_on_record_and_may_be_attached_again(attach, clerk):
    first = attach()
    withdraw_evidence(clerk, first)
    first.refresh_from_db()
    assert first.withdrawn_by == clerk
    assert attach() != first
    assert Evidence.objects.filter(withdrawn_at=None).count() == 1
    with pytest.raises(Refused, match="已经撤回"):
        withdraw_evidence(clerk, first)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"criterion": "L1"}, "不需要佐证材料"),
        ({"criterion": "G5"}, "不需要佐证材料"),
        ({"criterion": "P1"}, "不需要佐证材料"),
        ({"criterion": "X9"}, "不需要佐证材料"),
        ({"content": HTML}, "网页"),
        ({"filename": "通知.docx"}, "扩展名却是"),
        ({"issued_by": "县\x00政府"}, "发文单位里有"),
        ({"issued_by": "  "}, "请填写发文单位"),
        ({"proof_page": "第\u202e3页"}, "页码里有"),
        ({"note": "一\n二"}, "备注里有"),
        ({"note": "长" * 301}, "最多 300 个字"),
        ({"issued_on": datetime.date(1900, 1, 1)}, "过早"),
    ],
)
def test_what_cannot_be_evidence_is_refused_and_nothing_is_stored(attach, change, words):
    with pytest.raises(Refused, match=words):
        attach(**change)
    assert not Evidence.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_date_of_today_is_taken_and_one_of_tomorrow_is_not(attach):
    today = timezone.localdate()
    assert attach(issued_on=today).issued_on == today
    with pytest.raises(Refused, match="今天以后"):
        attach("G2", issued_on=today + datetime.timedelta(days=1))


def test_the_items_that_take_evidence_are_those_that_people_judge_or_the_state_supplies(standard):
    items = {item.code: item for item in items_of(standard)}
    assert len(items) == 7 + 15 + 9 + 1 + 6 + 2
    taking = {code for code, item in items.items() if item.rests_on_evidence}
    expected = {"G1", "G2", "G8", "G10", "G15", "Q3", "Q5", "Q6", "Q7", "Q8", "Q9", "S1", "P2"}
    assert taking == expected | {f"V{n}" for n in range(1, 7)}
    assert {code for code, item in items.items() if item.needs_evidence} == taking - {"Q9", "S1"}


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_from_an_item_with_a_file_the_next_one_without_is_a_click_away(attach, clerk, county, client, standard):
    attach("G1")
    client.force_login(clerk)
    following = next_without_evidence(county.pk, current_school_year(), standard, "G1")
    assert following is not None
    shown = client.get(reverse("checklist_item", args=["G1"])).content.decode()
    assert f"下一项没有材料的：{following.code}" in shown
    assert reverse("checklist_item", args=[following.code]) in shown
    attach(following.code)
    after = next_without_evidence(county.pk, current_school_year(), standard, "G1")
    assert after is not None
    assert after.code not in ("G1", following.code)


def test_once_every_item_has_a_file_there_is_no_next_one(attach, county, standard):
    needed = [item.code for item in items_of(standard) if item.needs_evidence]
    for code in needed[1:]:
        attach(code)
    assert next_without_evidence(county.pk, current_school_year(), standard, needed[0]) is None
    last = next_without_evidence(county.pk, current_school_year(), standard, needed[-1])
    assert last is not None
    assert last.code == needed[0]


def test_the_signer_sees_the_evidence_and_changes_none_of_it(attach, signer, county):
    evidence = attach()
    assert can_see_evidence(signer, county.code)
    assert evidence_visible_to(signer).get() == evidence
    reason = why_not_evidence(signer, county)
    assert "签报人不维护" in reason
    with pytest.raises(Refused, match="签报人不维护"):
        attach_evidence(signer, county, 2026, "G2", "a.pdf", pdf(), "甲", DAY, "1")
    with pytest.raises(Refused, match="签报人不维护"):
        withdraw_evidence(signer, evidence)
    with pytest.raises(Refused, match="签报人不维护"):
        set_task(signer, county, 2026, "G1", "甲", None)
    assert not Evidence.objects.exclude(withdrawn_at=None).exists()


def test_nobody_of_another_place_may_attach_withdraw_or_set_a_task(attach, outsiders, county):
    evidence = attach()
    for person in outsiders:
        assert not evidence_visible_to(person).exists()
        for attempt in (
            lambda who=person: attach_evidence(who, county, 2026, "G2", "a.pdf", pdf(), "甲", DAY, "1"),
            lambda who=person: withdraw_evidence(who, evidence),
            lambda who=person: set_task(who, county, 2026, "G1", "甲", None),
        ):
            with pytest.raises(Refused, match="本县"):
                attempt()
    assert Evidence.objects.get().withdrawn_at is None
    assert not ChecklistTask.objects.exists()


def test_what_is_of_the_county_does_not_exist_for_others(attach, outsiders, clerk, signer, client):
    evidence = attach()
    readable = [reverse("evidence_file", args=[evidence.pk])]
    for person in (clerk, signer):
        client.force_login(person)
        for address in [*readable, reverse("checklist_item", args=["G1"])]:
            assert client.get(address).status_code == 200, (person, address)
    for person in outsiders:
        client.force_login(person)
        for address in readable:
            assert client.get(address).status_code == 404, (person, address)
        assert client.post(reverse("evidence_withdraw", args=[evidence.pk])).status_code == 404, person
    evidence.refresh_from_db()
    assert evidence.withdrawn_at is None


def test_above_the_county_there_is_no_checklist_at_all(standard, outsiders, other_clerk, client):
    for person in outsiders:
        client.force_login(person)
        expected = 200 if person == other_clerk else 404
        assert client.get(reverse("checklist_item", args=["G1"])).status_code == expected, person
    for person in outsiders[1:]:
        client.force_login(person)
        assert client.post(reverse("checklist_task", args=["G1"]), {"task-person": "甲"}).status_code == 404
        assert client.post(reverse("evidence_attach", args=["G1"]), form(upload())).status_code == 404
    assert not ChecklistTask.objects.exists()
    assert not Evidence.objects.exists()


def test_another_countys_clerk_works_at_their_own_desk_alone(attach, other_clerk, client, county):
    attach()
    client.force_login(other_clerk)
    text = client.get(reverse("checklist_item", args=["G1"])).content.decode()
    assert "这一项还没有佐证材料" in text
    assert "通知.pdf" not in text
    client.post(reverse("evidence_attach", args=["G1"]), form(upload(docx(), "我的.docx")))
    assert Evidence.objects.filter(county=county).count() == 1
    assert Evidence.objects.get(filename="我的.docx").county_id == other_clerk.place_id


def test_whoever_is_not_signed_in_is_asked_to_sign_in(attach, client):
    for address in (reverse("evidence_file", args=[attach().pk]), reverse("checklist_item", args=["G1"])):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("login"))


# ── How it is handed out ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "name", "served"),
    [
        (pdf(), "a.pdf", "application/pdf"),
        (docx(), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (xlsx(), "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (jpeg(), "a.jpeg", "image/jpeg"),
        (png(), "a.png", "image/png"),
    ],
)
def test_a_file_is_handed_out_to_keep_and_never_opens_in_the_browser(attach, client, clerk, content, name, served):
    client.force_login(clerk)
    answer = client.get(reverse("evidence_file", args=[attach(content=content, filename=name).pk]))
    assert b"".join(answer.streaming_content) == content
    assert answer.headers["Content-Type"] == served
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_name_that_somebody_typed_breaks_no_header(attach, client, clerk):
    evidence = attach(filename='x"\r\nSet-Cookie: a=b\r\n.pdf')
    client.force_login(clerk)
    answer = client.get(reverse("evidence_file", args=[evidence.pk]))
    assert "\n" not in answer.headers["Content-Disposition"]
    assert "Set-Cookie" not in answer.headers


# ── The page ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def as_clerk(client, clerk) -> Client:
    client.force_login(clerk)
    return client


def test_the_page_of_an_item_says_what_is_asked_for_and_what_is_there(attach, as_clerk, clerk):
    withdraw_evidence(clerk, attach(content=png(), filename="旧.png"))
    evidence = attach(note="<b>甲</b>", issued_by="=HYPERLINK()")
    text = as_clerk.get(reverse("checklist_item", args=["G1"])).content.decode()
    for words in (
        "县域内义务教育学校规划布局合理",
        "政府保障程度 第1项",
        evidence.file_id[:12],
        "2025-03-01",
        "第3页",
        "填报员甲",
        "&lt;b&gt;甲&lt;/b&gt;",
        "已撤回：填报员甲",
    ):
        assert words in text, words
    assert text.count(">撤回<") == 1
    assert "<b>甲" not in text


def test_attaching_leads_back_to_the_item_and_a_double_click_says_so(standard, as_clerk):
    address = reverse("evidence_attach", args=["G1"])
    first = as_clerk.post(address, form(upload()), follow=True)
    assert first.redirect_chain == [(reverse("checklist_item", args=["G1"]), 302)]
    assert "材料已添加" in first.content.decode()
    assert "没有重复添加" in as_clerk.post(address, form(upload()), follow=True).content.decode()
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "said", "words"),
    [
        (None, {}, "请选择要上传的文件"),
        (("a.pdf", b""), {}, "这个文件是空的"),
        (("a.pdf", HTML), {}, "网页"),
        (("a.pdf", pdf() + b" " * EVIDENCE_LIMIT), {}, "超过上限 20 MB"),
        (("a.pdf", pdf()), {"issued_on": "去年"}, "请填写有效的日期"),
        (("a.pdf", pdf()), {"issued_on": "2999-01-01"}, "今天以后"),
        (("a.pdf", pdf()), {"proof_page": ""}, "请填写证明所在页码"),
        (("a.pdf", pdf()), {"note": "甲" * 301}, "最多 300 个字，现在有 301 个"),
        (("a.pdf", pdf()), {"note": "甲\x00"}, "看不见的字符"),
    ],
)
def test_a_refused_form_comes_back_with_everything_that_was_typed(standard, as_clerk, file, said, words):
    typed = {"issued_by": "县教育局<i>", "note": "补充"} | said
    data = form(SimpleUploadedFile(*file) if file else None, **typed)
    answer = as_clerk.post(reverse("evidence_attach", args=["G1"]), data)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert 'role="alert"' in text
    assert 'value="县教育局&lt;i&gt;"' in text
    assert "文件需要重新选择" in text
    for name in ("note", "issued_on", "proof_page"):
        if value := data[f"evidence-{name}"].replace("\x00", ""):
            assert value in text, name
    assert not Evidence.objects.exists()


def test_the_signer_sees_no_form_and_is_refused_with_the_sentence_of_the_page(standard, client, signer):
    client.force_login(signer)
    page = client.get(reverse("checklist_item", args=["G1"])).content.decode()
    assert 'type="file"' not in page
    assert "签报人不维护佐证材料" in page
    answer = client.post(reverse("evidence_attach", args=["G1"]), form(upload()))
    assert (answer.status_code, Evidence.objects.count()) == (422, 0)
    assert "签报人不维护佐证材料" in answer.content.decode()


def test_an_item_of_figures_takes_no_file_and_an_unknown_item_is_not_there(standard, as_clerk):
    assert 'type="file"' not in as_clerk.get(reverse("checklist_item", args=["L1"])).content.decode()
    refused = as_clerk.post(reverse("evidence_attach", args=["L1"]), form(upload()))
    assert refused.status_code == 422
    for item in ("X1", "l1", "' OR 1=1 --"):
        assert as_clerk.get(reverse("checklist_item", args=[item])).status_code == 404
        assert as_clerk.post(reverse("evidence_attach", args=[item]), form(upload())).status_code == 404
    assert not Evidence.objects.exists()


def test_without_a_loaded_standard_there_is_no_item(clerk, client):
    client.force_login(clerk)
    assert client.get(reverse("checklist_item", args=["G1"])).status_code == 404


@pytest.mark.parametrize("name", ["evidence_attach", "checklist_task"])
def test_a_refused_form_that_is_reloaded_leads_back_to_its_item(standard, as_clerk, client, inspector, name):
    assert as_clerk.get(reverse(name, args=["G1"])).url == reverse("checklist_item", args=["G1"])
    client.force_login(inspector)
    assert client.get(reverse(name, args=["G1"])).status_code == 404


def test_withdrawing_is_one_button_and_keeps_the_record(attach, as_clerk):
    evidence = attach()
    address = reverse("evidence_withdraw", args=[evidence.pk])
    assert as_clerk.get(address).status_code == 405
    assert "记录保留" in as_clerk.post(address, follow=True).content.decode()
    assert "这份材料已经撤回" in as_clerk.post(address, follow=True).content.decode()


def test_a_task_is_set_changed_and_emptied(standard, as_clerk, county, clerk):
    address = reverse("checklist_task", args=["G1"])
    for person, due in (("王老师", "2026-11-30"), ("李老师", ""), ("", "")):
        assert as_clerk.post(address, {"task-person": person, "task-due_on": due}).url == reverse("checklist")
        task = ChecklistTask.objects.get(county=county, school_year=current_school_year(), item="G1")
        assert (task.person, task.due_on, task.set_by) == (
            person,
            datetime.date.fromisoformat(due) if due else None,
            clerk,
        )


@pytest.mark.parametrize(
    ("person", "due", "words"),
    [("长" * 41, "", "最多 40 个字"), ("甲\u202e", "", "看不见的字符"), ("甲", "明天", "请填写有效的日期")],
)
def test_a_task_that_cannot_be_set_comes_back_as_it_was_typed(standard, as_clerk, person, due, words):
    answer = as_clerk.post(reverse("checklist_task", args=["L1"]), {"task-person": person, "task-due_on": due})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert f'value="{person}"' in text
    assert not ChecklistTask.objects.exists()


def test_many_files_cost_no_more_queries_than_one(attach, as_clerk, django_assert_max_num_queries):
    for number in range(12):
        attach(content=pdf(tail=b"\n" * (number + 1)))
    with django_assert_max_num_queries(10):
        text = as_clerk.get(reverse("checklist_item", args=["G1"])).content.decode()
    assert text.count("通知.pdf</a>") == 12
