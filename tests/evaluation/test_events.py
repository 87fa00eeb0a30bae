"""The chain of events: whoever changes it is found; who may read what; every file taken away is in it."""

from __future__ import annotations

import csv
import datetime
import inspect
import io
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from openpyxl import load_workbook

from evaluation.event_words import kind_label
from evaluation.events import daily_heads, record_event
from evaluation.models import ChainHead, Event
from schools.actions import add_division, appoint
from schools.models import County, User
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD, ROOT
from tests.evaluation.walk import People, attached, people_of_county, signed, uploaded
from tests.frozen import without_triggers

DAY = datetime.timedelta(days=1)


@pytest.fixture
def people(standard, county: County, clerk: User, signer: User) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def chain(county: County, clerk: User) -> list[Event]:
    return [record_event("download", clerk, county=county, reason=f"第 {n} 次") for n in range(1, 9)]


# ── The chain ─────────────────────────────────────────────────────────────────────────────────


def verified(*arguments: str) -> str:
    out = io.StringIO()
    call_command("verify_events", *arguments, stdout=out)
    return out.getvalue()


def test_a_whole_chain_is_said_to_be_whole(chain):
    assert "完整，共 8 条" in verified()


@pytest.mark.parametrize(
    "column", ["at", "kind", "county", "actor", "actor_name", "party", "reason", "payload", "previous", "sha256"]
)
def test_any_change_of_an_event_is_found_with_its_number(chain, column, other_county, signer):
    other = {"at": timezone.now(), "county": other_county, "actor": signer, "previous": "1" * 64, "sha256": "2" * 64}
    with transaction.atomic(), without_triggers():
        Event.objects.filter(number=4).update(**{column: other.get(column, "别的")})
    with pytest.raises(CommandError, match="在第 4 条断裂"):
        verified()


@pytest.mark.parametrize("number", [1, 4, 8])
def test_a_removed_event_is_found(chain, number):
    with transaction.atomic(), without_triggers():
        Event.objects.filter(number=number).delete()
    with pytest.raises(CommandError, match=f"在第 {number} 条断裂"):
        verified()


def test_a_chain_made_anew_from_some_event_on_is_found_by_a_head_somebody_kept(chain):
    kept = f"6:{chain[5].sha256}"
    assert "完整" in verified("--head", kept)
    with transaction.atomic(), without_triggers():
        Event.objects.filter(number__gte=3).delete()
        before = Event.objects.get(number=2)
        ChainHead.objects.update(number=2, sha256=before.sha256)
    for n in range(6):
        record_event("download", None, reason=f"伪造 {n}")
    assert "完整" in verified(), "the forged chain is whole by itself"
    with pytest.raises(CommandError, match="与公开的链头不符"):
        verified("--head", kept)
    with pytest.raises(CommandError, match="没有第 99 条"):
        verified("--head", f"99:{chain[5].sha256}")
    with pytest.raises(CommandError, match="序号:散列值"):
        verified("--head", "six")


def test_the_heads_of_the_days_are_public_and_carry_over_days_without_events(client: Client, chain):
    today = timezone.localdate()
    with transaction.atomic(), without_triggers():
        Event.objects.filter(number__lte=3).update(at=timezone.now() - 5 * DAY)
    heads = daily_heads(today, 10)
    assert [(day, number) for day, number, _ in heads] == [
        (today, 8), *((today - n * DAY, 3) for n in range(1, 6))
    ]  # fmt: skip
    assert daily_heads(today - 2 * DAY, 2)[0][1] == 3
    page = client.get(reverse("event_heads"))
    assert page.status_code == 200
    assert chain[7].sha256 in page.content.decode()
    assert chain[2].sha256 in page.content.decode()
    assert "第 8 次" not in page.content.decode()


#: How the rooms call what writes an event: with its kind first, or as the last word.
_KIND_FIRST = re.compile(r"(?:record_event|record_of_oneself|_record)\(\s*\"(\w+)\"")
_KIND_LAST = re.compile(r"record_account_change\([^()]*\"(\w+)\"\)")


def test_every_kind_of_event_has_words():
    kinds: set[str] = set()
    for room in ("schools", "evaluation", "reports"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            kinds |= {*_KIND_FIRST.findall(text), *_KIND_LAST.findall(text)}
    assert {"invite", "item_judged", "assign", "question_asked"} <= kinds
    assert [kind for kind in kinds if kind_label(kind) == kind] == []


# ── Who reads what ────────────────────────────────────────────────────────────────────────────


def page_of(client: Client, user: User, **asked: str) -> Any:
    client.force_login(user)
    return client.get(reverse("events"), asked)


def test_a_county_reads_all_of_its_own_and_reviewers_what_was_signed_to_them(client, people, county, other_clerk):
    draft = record_event("download", people.clerk, county=county, payload={"what": "未签报的试算"})
    record_event("recuse", people.chief, county=county, reason="配偶在县教育局任职")
    elsewhere = record_event("download", other_clerk, county=other_clerk.place, payload={"what": "邻县的数据"})
    evaluation = signed(county, people.clerk, people.signer)
    own = page_of(client, people.clerk).content.decode()
    assert "未签报的试算" in own
    assert "签报提交" in own
    assert "邻县的数据" not in own
    assert "配偶" not in own
    for reviewer in (people.city, people.inspector, people.chief):
        told = page_of(client, reviewer).content.decode()
        assert "签报提交" in told, reviewer
        assert draft.sha256 not in told
        assert elsewhere.sha256 not in told
    assert "签报提交" not in page_of(client, other_clerk).content.decode()
    steward = appoint("steward", "管理员", Party.STEWARD, county.parent.parent, PASSWORD)
    assert page_of(client, steward).status_code == 404
    client.logout()
    assert client.get(reverse("events")).status_code == 302
    stranger = appoint("far", "外省", Party.CHIEF, add_division("980000", "邻省", DivisionLevel.PROVINCE), PASSWORD)
    assert str(evaluation.events.first().sha256) not in page_of(client, stranger).content.decode()


def test_events_are_asked_for_by_kind_and_day(client, people, county):
    record_event("download", people.clerk, county=county, payload={"what": "问题清单"})
    signed(county, people.clerk, people.signer)
    told = page_of(client, people.clerk, kind="submit").content.decode()
    assert "第 1 版" not in told
    assert "问题清单" not in told
    assert '<th scope="row" data-label="序号">2</th>' in told
    tomorrow = f"{timezone.localdate() + DAY:%Y-%m-%d}"
    assert "没有符合条件的留痕" in page_of(client, people.clerk, first=tomorrow).content.decode()
    assert "没有符合条件的留痕" in page_of(client, people.clerk, kind="nonsense").content.decode()


def test_an_export_holds_the_same_rows_runs_nothing_and_is_an_event_itself(client, people, county):
    record_event("download", people.clerk, county=county, reason="=HYPERLINK(1)")
    client.force_login(people.clerk)
    answer = client.get(reverse("events_export", args=["csv"]))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [(row["序号"], row["理由"], row["县"]) for row in rows] == [("1", "'=HYPERLINK(1)", county.full_name)]
    assert rows[0]["散列值"] == Event.objects.get(number=1).sha256
    last = Event.objects.get(number=2)
    assert (last.kind, last.actor, last.county) == ("download", people.clerk, county)
    assert "留痕" in last.payload
    book = load_workbook(io.BytesIO(b"".join(client.get(reverse("events_export", args=["xlsx"])).streaming_content)))
    assert [cell.value for cell in book["留痕"]["A"]] == ["序号", 2, 1]
    assert client.get(reverse("events_export", args=["exe"])).status_code == 404


# ── Downloads ─────────────────────────────────────────────────────────────────────────────────

#: Files that everybody may have, each with the reason.
OPEN = {
    "standard_document": "a loaded standard is public",
    "certificate_print": "a certificate is public",
    "certificate_record": "a published record is public",
    "document_published": "documents of a published result, and published reports, are public",
    "result_export": "the schools of a published result are public",
    "open_data_file": "open data are public",
    "api_document": "the description of the interface is public",
}
#: Pages open to everybody; the tables of each are files beside it, made of the same objects.
OPEN_PAGES = (
    "standard", "rules", "notices", "notice", "country", "province", "county", "result", "result_school",
    "result_similar", "result_changes", "compare", "search", "open_data", "corrections",
)  # fmt: skip
OPEN |= {name: "the page is public" for page in OPEN_PAGES for name in (page, f"{page}_tables")}
_GIVES_A_FILE = re.compile(r"FileResponse|as_attachment|Content-Disposition|\b_file\(")
_LOOKS_LIKE_A_FILE = re.compile(r"\.(xlsx|csv|pdf|json|toml|zip)$|<str:suffix>$|/file/$")


def routes(found: Any = None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    listed = []
    for entry in (found or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            listed += [] if str(entry.pattern) == "steward/" else routes(entry, prefix + str(entry.pattern))
        else:
            listed.append((prefix + str(entry.pattern), entry))
    return listed


def gives_a_file(path: str, entry: URLPattern) -> bool:
    view = inspect.unwrap(getattr(entry.callback, "view_class", entry.callback))
    return bool(_LOOKS_LIKE_A_FILE.search(path) or _GIVES_A_FILE.search(inspect.getsource(view)))


def records(entry: URLPattern) -> str:
    """What a door says of the files it gives; a door for programs is a class."""
    return getattr(getattr(entry.callback, "view_class", entry.callback), "records_download", "")


def test_every_open_door_asks_nobody_to_sign_in():
    found = {entry.name: entry.callback for _, entry in routes()}
    assert [name for name in OPEN if getattr(found[name], "login_required", True)] == []


def test_every_door_that_gives_a_file_records_who_took_it():
    files = [(path, entry) for path, entry in routes() if gives_a_file(path, entry)]
    assert {"submission_file", "evidence_file", "submission_tables_export"} <= {entry.name for _, entry in files}
    silent = [path for path, entry in files if not records(entry)]
    assert [path for path, entry in files if path in silent and entry.name not in OPEN] == []
    assert {entry.name for _, entry in files} >= OPEN.keys(), "an open door that is no more"


def test_whoever_takes_a_file_is_recorded_with_what_it_was(client, people, county):
    version = uploaded(county, people.clerk)
    client.force_login(people.clerk)
    for name, what in (("submission_file", "上传的原始工作簿"), ("submission_problems", "问题清单")):
        before = Event.objects.count()
        assert client.get(reverse(name, args=[version.pk])).status_code == 200
        event = Event.objects.order_by("-number").first()
        assert (Event.objects.count(), event.kind, event.actor, event.county) == (
            before + 1, "download", people.clerk, county
        )  # fmt: skip
        assert what in event.payload
        assert event.evaluation is None


def test_a_reviewer_who_takes_signed_data_is_seen_by_the_county(client, people, county):
    evaluation = signed(county, people.clerk, people.signer)
    client.force_login(people.inspector)
    assert client.get(reverse("submission_file", args=[evaluation.filing.submission_id])).status_code == 200
    event = Event.objects.get(kind="download")
    assert (event.actor, event.evaluation) == (people.inspector, evaluation)
    assert "督学甲" in page_of(client, people.signer).content.decode()


def test_what_gave_no_file_is_no_download(client, people, county, other_clerk):
    version = uploaded(county, people.clerk)
    evidence = attached(county, people.clerk)
    before = Event.objects.count()
    client.force_login(other_clerk)
    assert client.get(reverse("submission_file", args=[version.pk])).status_code == 404
    client.force_login(people.clerk)
    client.head(reverse("evidence_file", args=[evidence.pk]))
    client.get(reverse("submission_tables", args=[version.pk]))
    assert Event.objects.count() == before
    client.get(reverse("evidence_file", args=[evidence.pk]))
    assert Event.objects.count() == before + 1


def test_a_file_does_not_leave_where_it_cannot_be_recorded(client, people, county, monkeypatch):
    version = uploaded(county, people.clerk)
    client.force_login(people.clerk)
    client.raise_request_exception = False
    monkeypatch.setattr("evaluation.taking_away.record_event", lambda *a, **k: 1 / 0)
    assert client.get(reverse("submission_file", args=[version.pk])).status_code == 500


def test_a_program_that_takes_a_result_is_recorded_like_a_person(client, people, county):
    evaluation = signed(county, people.clerk, people.signer)
    client.force_login(people.inspector)
    assert client.get(reverse("api_submission", args=[evaluation.filing.submission_id])).status_code == 200
    event = Event.objects.get(kind="download")
    assert (event.actor, event.evaluation) == (people.inspector, evaluation)
    assert "接口结果" in event.payload
