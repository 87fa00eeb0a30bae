"""The documents as PDF: text that can be searched and copied, an outline, page numbers, fonts that go with them. One
start of LibreOffice for all."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pypdf import PdfReader

from evaluation.document_making import DocumentKind, PrintingFailed, maker
from reports.documents import printing
from reports.documents.placeholders import sample_of, schema_of
from tests.reports.documents import SEAL, parts_of, text_of
from tests.reports.test_document_templates import HOSTILE, hostile_facts

_MISSING = "soffice, pdftotext and pdffonts are needed (libreoffice-writer, poppler-utils)"


#: Sentences whose commas come to stand at every place of a line.
ENDS = ["整" * length + "，改" * 4 + "。" for length in range(15, 40)]


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> dict[str, Path]:
    """Every document filled with samples, and one with hostile texts, as PDF files; told how many were ready."""
    if not all(shutil.which(program) for program in ("soffice", "pdftotext", "pdffonts")):
        if os.environ.get("CI"):
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    filled = {kind.value: maker().fill(kind, sample_of(schema_of(kind)), None, SEAL) for kind in DocumentKind}
    plan = DocumentKind.SCHOOL_PLAN
    filled["hostile"] = maker().fill(plan, hostile_facts(schema_of(plan)), None, SEAL)
    letters = sample_of(schema_of(DocumentKind.FEEDBACK)) | {"成效": ENDS}
    filled["letters"] = maker().fill(DocumentKind.FEEDBACK, letters, None, SEAL)
    told: list[int] = []
    content = maker().to_pdf(list(filled.values()), told.append)
    assert told[-1] == len(filled)
    assert told == sorted(told)
    folder = tmp_path_factory.mktemp("printed")
    for name, pdf in zip(filled, content, strict=True):
        (folder / f"{name}.pdf").write_bytes(pdf)
    return {name: folder / f"{name}.pdf" for name in filled}


def said_by(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_text_is_chinese_that_can_be_searched(printed):
    for kind in DocumentKind:
        text = said_by("pdftotext", "-layout", printed[kind.value], "-")
        # Where Chinese meets a number there is a narrow space.
        assert SEAL.number in "".join(text.split())
        assert "示例" in text
        assert SEAL.address in text.replace("\n", "")
        assert "□" not in text


def test_no_letter_is_lost_at_the_end_of_a_line(printed):
    letters = sample_of(schema_of(DocumentKind.FEEDBACK)) | {"成效": ENDS}
    written = text_of(maker().fill(DocumentKind.FEEDBACK, letters, None, SEAL))
    text = said_by("pdftotext", "-layout", printed["letters"], "-")
    assert {sign: text.count(sign) for sign in "，。整改"} == {sign: written.count(sign) for sign in "，。整改"}


def test_headings_are_bookmarks(printed):
    for kind in DocumentKind:
        titles = [each.title for each in PdfReader(printed[kind.value]).outline if not isinstance(each, list)]
        assert titles[0].startswith("一、"), (kind, titles)
        assert len(titles) >= 3


def test_every_page_says_which_of_how_many_it_is(printed):
    for kind in DocumentKind:
        pages = PdfReader(printed[kind.value]).pages
        for number, page in enumerate(pages, start=1):
            text = "".join(page.extract_text().split())
            assert f"第{number}页共{len(pages)}页" in text, (kind, number)
            assert SEAL.sha256[:16] in text


def test_pages_are_a4_and_tagged(printed):
    for kind in DocumentKind:
        reader = PdfReader(printed[kind.value])
        box = reader.pages[0].mediabox
        assert (round(float(box.width)), round(float(box.height))) == (595, 842)
        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_fonts_are_embedded(printed):
    for name, path in printed.items():
        lines = said_by("pdffonts", path).splitlines()[2:]
        assert lines, name
        for line in lines:
            assert line.split()[-5] == "yes", (name, line)
            assert "CJK" in line, (name, line)


def test_what_people_typed_is_only_text_in_the_pdf(printed):
    text = "".join(said_by("pdftotext", printed["hostile"], "-").split())
    for words in ("{{7*7}}", "{%forxiny%}", "<w:p/>", "&amp;", "=cmd|'/Ccalc'!A0"):
        assert words in text, words
    assert "\u202e" not in text
    reader = PdfReader(printed["hostile"])
    for page in reader.pages:
        assert "/Annots" not in page
    assert "/JavaScript" not in str(reader.trailer["/Root"])
    assert HOSTILE[0] in text


def test_a_picture_says_in_words_what_it_shows(printed):
    filled = maker().fill(DocumentKind.OPINION, sample_of(schema_of(DocumentKind.OPINION)), None, SEAL)
    body = parts_of(filled)["word/document.xml"].decode()
    assert "项差异系数与上限的对照图" in body
    assert f"查验地址的二维码：{SEAL.address}" in body


# ── When it does not print ────────────────────────────────────────────────────────────────────


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A program in place of LibreOffice that does what a test says."""

    def put(script: str) -> None:
        path = tmp_path / "soffice"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(printing, "printer", lambda: str(path))

    return put


def test_a_machine_without_the_program_says_so(monkeypatch):
    monkeypatch.setattr(printing.shutil, "which", lambda name: None)
    assert not maker().can_print()
    with pytest.raises(PrintingFailed, match="libreoffice-writer"):
        maker().to_pdf([b"x"], lambda ready: None)


def test_nothing_to_print_prints_nothing():
    assert list(printing.print_documents([], lambda ready: None)) == [] or not printing.printer()


@pytest.mark.parametrize(
    ("script", "words"),
    [("kill -9 $$", "中途退出"), ("exit 3", "中途退出"), ("exit 0", "没有转换成 PDF")],
)
def test_a_program_that_dies_or_gives_nothing_is_told_in_words(program, script, words):
    program(script)
    with pytest.raises(PrintingFailed, match=words):
        printing.print_documents([b"x", b"y"], lambda ready: None)


def test_a_program_that_hangs_is_ended_with_all_it_started(program, monkeypatch, tmp_path):
    monkeypatch.setattr(printing, "_START_SECONDS", 0.5)
    monkeypatch.setattr(printing, "_SECONDS_A_FILE", 0.0)
    program(f"sleep 77 & echo $! > {tmp_path}/child; sleep 77")
    with pytest.raises(PrintingFailed, match="用时过长"):
        printing.print_documents([b"x"], lambda ready: None)
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] in "ZX"


def test_the_program_gets_nothing_of_our_environment(program, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "secret-of-this-test")
    program(f"env > {tmp_path}/environment; exit 3")
    with pytest.raises(PrintingFailed):
        printing.print_documents([b"x"], lambda ready: None)
    told = (tmp_path / "environment").read_text()
    assert "secret-of-this-test" not in told
    assert "FONTCONFIG_FILE" in told


def test_drawings_are_the_same_for_the_same_figures():
    from reports.documents.pictures import coefficient_chart, coefficient_words, qr_code, spread_chart

    rows = [
        {"学段": stage, "代码": code, "简称": "x", "差异系数": text, "上限": "0.50", "不高于上限": text == "0.300"}
        for stage in ("小学", "初中")
        for code, text in (("L1", "0.300"), ("L2", "0.612"), ("L3", "无法核算"), ("L4", "略高于0.50"))
    ]
    assert coefficient_chart(rows) == coefficient_chart(rows)
    assert qr_code("https://a.example/") == qr_code("https://a.example/")
    assert coefficient_chart(rows).startswith(b"\x89PNG")
    assert len(coefficient_chart(rows)) < 200_000
    assert "小学L2 0.612" in coefficient_words(rows)
    spread = [
        {"学段": stage, "代码": "L1", "名称": "x", "最小": "0.1", "中位": "0.2", "最大": most, "上限": "0.50"}
        for stage, most in (("小学", "0.3"), ("初中", "略高于0.50"))
    ]
    assert spread_chart(spread) == spread_chart(spread) != spread_chart(spread[:1])


def test_a_standard_without_limits_of_its_own_is_drawn_without_judging_a_bar():
    from reports.documents.pictures import coefficient_chart, coefficient_words

    rows = [
        {"学段": "小学", "代码": "L1", "简称": "x", "差异系数": text, "上限": "——", "不高于上限": False}
        for text in ("0.300", "0.700")
    ]
    assert "不单设上限" in coefficient_words(rows)
    assert coefficient_chart(rows).startswith(b"\x89PNG")
