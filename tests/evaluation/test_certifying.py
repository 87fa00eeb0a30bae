"""Certificates: issued with the publication, verified by anybody with and without the portal, revoked, superseded."""

from __future__ import annotations

import datetime
import io
import json
import os
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluation import certificate_pdf
from evaluation.certificate_file import FORMAT, NoRecord, attached_to, canonical, published_file, read_any, sha256_of
from evaluation.certificate_pdf import CannotPrint, print_record
from evaluation.certifying import (
    altered_certificates,
    certificate_status,
    find_certificate,
    issue_certificate,
    public_history,
    revoke,
    start_correction,
)
from evaluation.certifying_section import section
from evaluation.models import Certificate, Evaluation, Event, Message, Verdict
from evaluation.noticing import publish
from evaluation.permissions import Refused
from evaluation.queries import evaluation_of
from evaluation.steps import Overtaken
from evaluation.verifying import verify_file
from evaluation.workflow import State, Step
from schools.models import County, User
from tests.evaluation.standing import corrected, decided, over, stands
from tests.evaluation.walk import People, forwarded, people_of_county, signed
from tests.frozen import without_triggers


@pytest.fixture
def people(standard, county: County, clerk: User, signer: User) -> People:
    return people_of_county(county, clerk, signer)


@pytest.fixture
def published(people: People, county: County) -> Evaluation:
    return stands(county, people)


def certificate_of(evaluation: Evaluation) -> Certificate:
    """As it is in the database now."""
    return Certificate.objects.select_related("evaluation").get(evaluation=evaluation)


# ── Issued with the publication ───────────────────────────────────────────────────────────────


def test_publishing_issues_one_certificate_that_the_event_and_the_record_tie_to_each_other(published, people):
    certificate = certificate_of(published)
    today = timezone.localdate()
    assert certificate.number == f"优质均衡〔{today.year}〕示例省 001 号"
    assert certificate.code == f"YZ-{published.school_year}-990101-01"
    record, event = json.loads(certificate.record), Event.objects.get(kind="publish")
    assert certificate.sha256 == sha256_of(certificate.record)
    assert json.loads(event.payload) | {"certificate": certificate.code, "record": certificate.sha256} == json.loads(
        event.payload
    )
    before = Event.objects.get(number=event.number - 1)
    assert record["last_event"] == {"number": before.number, "sha256": before.sha256}
    proposal = published.proposals.get()
    assert record["county"] == {"code": "990101", "name": "示例省锦棠市望棠区"}
    assert record["standard"]["sha256"] == published.standard.sha256
    assert record["filing"] == {
        "number": published.filing.number,
        "manifest_sha256": published.filing.sha256,
        "signer_name": "张文清",
        "signer_post": "县教育局局长",
        "signed_on": f"{timezone.localdate(published.filing.signed_at)}",
    }
    assert record["verdict"]["sha256"] == proposal.verdict.sha256
    assert record["results"]["items_met"] == record["results"]["items"] > 30
    primary = record["results"]["stages"][0]
    told = json.loads(proposal.verdict.document)["stages"]["PRIMARY"]
    assert primary["coefficients"][0]["value"] == repr(told["indicators"]["L1"]["coefficient"])
    assert record["published"]["by"] == str(people.chief)
    assert certificate_status(certificate).key == "valid"


def test_nothing_is_certified_that_was_not_approved_and_shown(people, county):
    evaluation = forwarded(county, people)
    with transaction.atomic(), pytest.raises(Refused, match="没有经审定同意并公示"):
        issue_certificate(people.chief, evaluation)
    decided(evaluation, people)
    with transaction.atomic(), without_triggers():
        Verdict.objects.filter(proposals__evaluation=evaluation).update(passed=None)
    with transaction.atomic(), pytest.raises(Refused, match="不是“达标”"):
        issue_certificate(people.chief, evaluation)
    assert not Certificate.objects.exists()


def test_a_publication_that_fails_leaves_no_certificate(people, county, monkeypatch):
    evaluation = decided(forwarded(county, people), people)
    monkeypatch.setattr("evaluation.steps.record_event", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish(people.chief, evaluation, evaluation.version, over(evaluation))
    assert not Certificate.objects.exists()
    assert Evaluation.objects.get().state_of is State.NOTICE


# ── Revoked ───────────────────────────────────────────────────────────────────────────────────


def test_a_revocation_needs_a_chief_and_a_reason_and_is_public(client: Client, published, people):
    certificate = certificate_of(published)
    page = reverse("certificate_revoke", args=[published.pk])
    for user in (people.clerk, people.inspector, people.city):
        client.force_login(user)
        refused = client.post(page, {"version": published.version, "reason": "数据造假"})
        assert refused.status_code == 422
        assert "由审定人办理" in refused.content.decode()
    client.force_login(people.chief)
    assert "办理后通知：填报员 填报员甲；签报人 签报人甲" in client.get(page).content.decode()
    assert client.post(page, {"version": published.version, "reason": " "}).status_code == 422
    assert certificate_status(certificate_of(published)).key == "valid"
    done = client.post(page, {"version": published.version, "reason": "核查发现在校生数造假。"})
    assert (done.status_code, done["Location"]) == (302, f"/certificates/{certificate.code}/")
    status = certificate_status(certificate_of(published))
    assert (status.key, status.reason) == ("revoked", "核查发现在校生数造假。")
    client.logout()
    told = client.get(reverse("certificate", args=[certificate.code])).content.decode()
    assert "已撤销" in told
    assert told.count("核查发现在校生数造假。") == 2
    published.refresh_from_db()
    with pytest.raises(Refused):
        start_correction(people.chief, published, published.version, "更正")


def test_whoever_revokes_what_another_changed_meanwhile_is_told_who_did(published, people):
    seen = published.version
    start_correction(people.second_chief, published, seen, "县里来函要求更正。")
    with pytest.raises(Overtaken, match=r"审定人乙（审定人）已于 .* 办理“启动更正”"):
        revoke(people.chief, Evaluation.objects.get(pk=published.pk), seen, "撤销。")


# ── Corrected and superseded ──────────────────────────────────────────────────────────────────


def test_a_correction_takes_the_place_of_what_it_corrects_in_one_go(client: Client, published, people):
    correction = start_correction(people.chief, published, published.version, "小学在校生数有误。")
    old = certificate_of(published)
    assert (certificate_status(old).key, certificate_status(old).reason) == ("recheck", "小学在校生数有误。")
    assert certificate_status(old).is_valid
    assert evaluation_of(published.county, published.school_year) == correction
    told = set(Message.objects.filter(evaluation=correction).values_list("person__username", flat=True))
    assert told == {"clerk", "signer"}
    published.refresh_from_db()
    with pytest.raises(Refused, match="已经启动了更正"):
        start_correction(people.chief, published, published.version, "再更正。")
    corrected(correction, people)
    old, new = certificate_of(published), certificate_of(correction)
    assert old.evaluation.state_of is State.SUPERSEDED
    assert (certificate_status(old).key, certificate_status(old).successor) == ("superseded", new)
    assert (new.code, certificate_status(new).key) == (f"YZ-{published.school_year}-990101-02", "valid")
    assert json.loads(new.record)["corrects"] == old.code
    steps = [line.event.kind for line in public_history(old)]
    assert steps == [line.event.kind for line in public_history(new)]
    assert steps == ["publish", "start_correction", "supersede", "publish"]
    for each, other in ((old, new), (new, old)):
        told_page = client.get(reverse("certificate", args=[each.code])).content.decode()
        assert other.number in told_page
    supersede = Event.objects.get(kind="supersede")
    assert supersede.number + 1 == Event.objects.get(kind="publish", evaluation=correction).number


def test_of_two_lives_of_a_county_the_database_lets_only_one_go_on_and_one_stand(published, people):
    start_correction(people.chief, published, published.version, "更正。")
    county, year, standard = published.county, published.school_year, published.standard
    for supersedes in (None, published):
        with transaction.atomic(), pytest.raises(IntegrityError):
            Evaluation.objects.create(county=county, school_year=year, standard=standard, supersedes=supersedes)
    correction = Evaluation.objects.get(supersedes=published)
    with transaction.atomic(), pytest.raises(IntegrityError):
        Evaluation.objects.filter(pk=correction.pk).update(state=State.PUBLISHED, filing=published.filing)


def test_what_was_revoked_while_it_was_corrected_stays_revoked(published, people):
    correction = start_correction(people.chief, published, published.version, "更正。")
    published.refresh_from_db()
    revoke(people.chief, published, published.version, "造假。")
    corrected(correction, people)
    assert certificate_status(certificate_of(published)).key == "revoked"
    assert certificate_status(certificate_of(correction)).key == "valid"


def test_the_page_of_the_evaluation_offers_the_chief_what_the_others_may_not(published, people):
    assert section(people.chief, published)["may_revoke"]
    assert section(people.chief, published)["may_correct"]
    assert "自动办理" in section(people.chief, published)["why_not"][Step.SUPERSEDE]
    for user in (people.clerk, people.signer, people.city, people.inspector):
        told = section(user, published)
        assert (told["may_revoke"], told["may_correct"], told["certificate"]) == (False, False, published.certificate)


# ── Found and verified ────────────────────────────────────────────────────────────────────────


def test_a_number_is_found_however_it_is_typed(client: Client, published):
    certificate = certificate_of(published)
    year = timezone.localdate().year
    for typed in (
        certificate.number, certificate.code, certificate.code.lower(), f" 优质均衡[{year}]示例省001号 ",
        f"优质均衡（{year}） 示例省 001 号",
    ):  # fmt: skip
        assert find_certificate(typed) == certificate, typed
    for typed in ("", "001", "YZ-1-1-1", f"优质均衡〔{year}〕示例省 002 号"):
        assert find_certificate(typed) is None, typed
    told = client.get(reverse("verify"), {"number": certificate.code}).content.decode()
    assert "证书有效。" in told
    told = client.get(reverse("verify"), {"number": "YZ-2026-990199-01"}).content.decode()
    assert "不能确认" in told
    assert client.get(reverse("certificate", args=["YZ-2026-990199-01"])).status_code == 404


def test_a_record_is_recognised_and_any_change_of_it_is_not(client: Client, published):
    certificate = certificate_of(published)
    answer = client.get(reverse("certificate_record", args=[certificate.code]))
    content = answer.content
    assert content == published_file(certificate.record)
    checked = verify_file(content)
    assert (checked.is_genuine, checked.certificate, checked.status.key) == (True, certificate, "valid")
    told = json.loads(content)
    pretty = json.dumps(told, indent=2, ensure_ascii=False).encode()
    assert verify_file(pretty).is_genuine, "how it is laid out does not matter"
    told["record"]["county"]["name"] = "示例省棠溪市临溪县"
    changed = verify_file(canonical(told).encode())
    assert (changed.is_genuine, changed.words) == (
        False,
        "记录的内容与它自己的散列值不符：文件被改动过，不能作为依据。",
    )
    told["sha256"] = sha256_of(canonical(told["record"]))
    assert "与公布的记录不符" in verify_file(canonical(told).encode()).words
    told["record"]["code"] = "YZ-2026-990199-01"
    told["sha256"] = sha256_of(canonical(told["record"]))
    assert "没有颁发过" in verify_file(canonical(told).encode()).words


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"%PDF-1.7 nothing", b"{}",
        canonical({"format": FORMAT}).encode(), canonical({"format": FORMAT, "record": [], "sha256": 1}).encode(),
        b'{"format":"' + FORMAT.encode() + b'","record":{"a":NaN},"sha256":"x"}', b" " * 300_000,
        b"%PDF-1.7\n" + b"stream\nx\n" * 5_000,
        b"%PDF-1.7\nstream\n" + zlib.compress(b'{"format":"' + FORMAT.encode() + b'",' + b" " * 50_000_000),
    ],
)  # fmt: skip
def test_what_is_no_certificate_is_said_to_be_none(db, client: Client, content):
    with pytest.raises(NoRecord):
        read_any(content)
    answer = client.post(reverse("verify"), {"file": SimpleUploadedFile("a.pdf", content or b" ")})
    assert answer.status_code == 200
    assert "不能确认" in answer.content.decode()


def test_a_pdf_with_two_different_records_is_not_believed():
    records = [published_file(canonical({"code": code})) for code in ("A", "B")]
    pdf = b"%PDF-1.7\n" + b"".join(b"stream\n" + zlib.compress(each) + b"\nendstream\n" for each in records)
    with pytest.raises(NoRecord, match="多份"):
        attached_to(pdf)
    assert attached_to(pdf.replace(zlib.compress(records[1]), zlib.compress(records[0]))) == records[0]
    assert attached_to(b"%PDF-1.7\nstream\r\n" + records[0] + b"\nendstream") == records[0]


def test_a_record_changed_in_the_database_is_worth_nothing_and_is_found(client: Client, published):
    certificate = certificate_of(published)
    for change in ({"record": certificate.record.replace("望棠区", "临溪县")}, {"sha256": "0" * 64}):
        with transaction.atomic(), without_triggers():
            Certificate.objects.filter(pk=certificate.pk).update(**change)
        assert certificate_status(certificate_of(published)).key == "altered"
        assert altered_certificates() == [certificate]
        with pytest.raises(CommandError, match=certificate.code):
            call_command("verify_events", stdout=io.StringIO())
        assert "记录异常" in client.get(reverse("certificate", args=[certificate.code])).content.decode()
        with transaction.atomic(), without_triggers():
            Certificate.objects.filter(pk=certificate.pk).update(record=certificate.record, sha256=certificate.sha256)
    assert altered_certificates() == []
    text = certificate.record.replace("望棠区", "临溪县")
    with transaction.atomic(), without_triggers():
        Certificate.objects.filter(pk=certificate.pk).update(record=text, sha256=sha256_of(text))
    assert certificate_status(certificate_of(published)).key == "altered", (
        "a hash made anew is not the one in the event"
    )


def test_before_a_publication_there_is_nothing_to_see(client: Client, people, county):
    evaluation = signed(county, people.clerk, people.signer)
    client.force_login(people.chief)
    for name in ("certificate_revoke", "certificate_correct"):
        assert client.get(reverse(name, args=[evaluation.pk])).status_code == 404


# ── The PDF ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def printer() -> None:
    try:
        import weasyprint  # noqa: F401
    except OSError:
        words = "certificates were not printed: no Pango (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)


def test_the_pdf_carries_the_record_and_is_the_same_every_time(client: Client, printer, published, tmp_path):
    certificate = certificate_of(published)
    answer = client.get(reverse("certificate_print", args=[certificate.code]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    pdf = answer.content
    assert attached_to(pdf) == published_file(certificate.record)
    checked = verify_file(pdf)
    assert (checked.is_genuine, checked.status.key) == (True, "valid")
    assert "逐字节一致" in checked.printed
    print_record.cache_clear()
    assert print_record(certificate.record) == pdf
    repainted = verify_file(pdf.replace(b"/Producer", b"/Producex", 1) + b"\n")
    assert repainted.is_genuine
    assert "也可能页面被改动过" in repainted.printed
    again = client.get(reverse("certificate_print", args=[certificate.code]), headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304

    (tmp_path / "c.json").write_bytes(published_file(certificate.record))
    (tmp_path / "c.pdf").write_bytes(pdf)
    out = io.StringIO()
    call_command("verify_certificate", str(tmp_path / "c.json"), "--pdf", str(tmp_path / "c.pdf"), stdout=out)
    assert certificate.number in out.getvalue()
    assert certificate.sha256 in out.getvalue()
    call_command("verify_certificate", str(tmp_path / "c.pdf"), stdout=out)

    other = json.loads(certificate.record) | {"number": "优质均衡〔2026〕示例省 009 号"}
    (tmp_path / "o.json").write_bytes(published_file(canonical(other)))
    with pytest.raises(CommandError, match="PDF 的编号是"):
        call_command("verify_certificate", str(tmp_path / "o.json"), "--pdf", str(tmp_path / "c.pdf"))
    told = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    told["record"]["school_year"] = "2030—2031"
    (tmp_path / "t.json").write_text(canonical(told), encoding="utf-8")
    with pytest.raises(CommandError, match="记录被改动过"):
        call_command("verify_certificate", str(tmp_path / "t.json"))


def test_the_paper_shows_number_county_hash_and_a_code_that_leads_to_the_status(printer, published, tmp_path: Path):
    if shutil.which("pdftotext") is None:
        words = "the text of the certificate was not read: no pdftotext (Debian: apt-get install poppler-utils)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    certificate = certificate_of(published)
    path = tmp_path / "c.pdf"
    path.write_bytes(print_record(certificate.record))
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    squeezed = "".join(text.split())
    for words in (
        certificate.number, certificate.code, certificate.sha256, "示例省锦棠市望棠区", "教督〔2017〕6号",
        f"{published.school_year}—{published.school_year + 1}学年", "张文清（县教育局局长）", "审定人甲",
        "义务教育优质均衡发展县（市、区）", f"/certificates/{certificate.code}/",
    ):  # fmt: skip
        assert "".join(words.split()) in squeezed, words
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all("CJK" in line and " yes yes " in line for line in fonts), (
        "every font is embedded, and has the characters"
    )
    pages = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert "Pages:           1" in pages
    assert "A4" in pages


def test_without_the_libraries_the_page_says_what_is_missing(client: Client, published, monkeypatch):
    certificate = certificate_of(published)

    def missing(record: str) -> bytes:
        raise CannotPrint(certificate_pdf.MISSING_LIBRARIES)

    monkeypatch.setattr(certificate_pdf, "print_record", missing)
    answer = client.get(reverse("certificate_print", args=[certificate.code]))
    assert answer.status_code == 503
    assert "libpango-1.0-0" in answer.content.decode()
    assert verify_file(published_file(certificate.record)).is_genuine


def test_a_library_of_the_system_that_is_missing_is_noticed(monkeypatch):
    import builtins

    load = builtins.__import__

    def without_pango(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    with pytest.raises(CannotPrint, match="Pango"):
        print_record('{"nothing": "printed"}')


def test_the_year_of_a_number_is_the_year_of_publication(published):
    at = datetime.datetime.fromisoformat(json.loads(certificate_of(published).record)["published"]["at"])
    assert f"〔{at.year}〕" in certificate_of(published).number
