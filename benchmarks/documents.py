"""The documents of a county end to end: five as .docx and PDF in under 10 s, and a plan for each of 300 schools as
.docx and PDF in under 90 s; then what the PDFs are made of.

    VAR_DIR=$(mktemp -d) .venv/bin/python benchmarks/documents.py

Works in a database of its own (SQLite in VAR_DIR, or the one DATABASE_URL names: an empty one) and leaves it.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

SCHOOLS = 300
PROMISED_FIVE, PROMISED_PLANS = 10.0, 90.0
#: Plans made at once, as the workflow makes them (evaluation.document_run).
_A_STEP = 30
_DONE: list[str] = []


def main() -> None:
    """Walk two counties, make and print, look at what came out."""
    django.setup()
    from django.core.management import call_command

    from evaluation.document_making import DocumentKind, maker

    call_command("migrate", verbosity=0)
    large, published = counties()
    make = maker()
    print(f"{len(make.schools(large.pk))} schools signed; processors: {os.cpu_count()}")

    begin, spent = time.perf_counter(), processor_seconds()
    kinds = (DocumentKind.SELF_ASSESSMENT, DocumentKind.OPINION, DocumentKind.FEEDBACK)
    facts: list[tuple[Any, dict[str, Any]]] = [(kind, make.facts(kind, large.pk)) for kind in kinds]
    first = make.schools(large.pk)[0][0]
    facts.append((DocumentKind.SCHOOL_PLAN, make.facts(DocumentKind.SCHOOL_PLAN, large.pk, first)))
    facts.append((DocumentKind.ANNUAL_REPORT, make.province_facts("990000", published.school_year)))
    told = time.perf_counter()
    filled = [make.fill(kind, each, None, seal(each)) for kind, each in facts]
    made = time.perf_counter()
    five = make.to_pdf(filled, lambda ready: None)
    end = time.perf_counter()
    line("five documents, facts", told - begin)
    line("five documents, .docx", made - told)
    line("five documents, PDF", end - made)
    line("five documents, all", end - begin, PROMISED_FIVE)
    line("of it processor time, all programs", processor_seconds() - spent)

    begin, ready, spent = time.perf_counter(), 0, processor_seconds()
    plans: list[bytes] = []
    for step in range(0, SCHOOLS, _A_STEP):
        part = []
        for code, _ in make.schools(large.pk)[step : step + _A_STEP]:
            each = make.facts(DocumentKind.SCHOOL_PLAN, large.pk, code)
            part.append(make.fill(DocumentKind.SCHOOL_PLAN, each, None, seal(each)))
        written = time.perf_counter() - begin
        plans += make.to_pdf(part, lambda ready: None)
        ready += len(part)
        print(f"    {ready:3} / {SCHOOLS} after {time.perf_counter() - begin:5.1f} s (.docx at {written:5.1f} s)")
    line(f"{SCHOOLS} plans, .docx and PDF", time.perf_counter() - begin, PROMISED_PLANS)
    line("of it processor time, all programs", processor_seconds() - spent)

    print("what the PDFs are made of:")
    for (kind, _), pdf in zip(facts, five, strict=True):
        look(kind.label, pdf)
    look("一校一策 No. 300", plans[-1])
    sys.exit(bool(_DONE))


def counties() -> tuple[Any, Any]:
    """A county of 300 schools of which some fail, signed and proposed; and a published one."""
    from evaluation.actions import load_standard, run_waiting_jobs, upload_workbook
    from evaluation.demo import large_county
    from evaluation.management.commands.demo import workbook_of
    from evaluation.models import Proposal
    from evaluation.proposing import propose
    from evaluation.sending_back import forward
    from schools.actions import add_division, appoint
    from schools.models import County
    from schools.queries import current_school_year
    from schools.vocabulary import DivisionLevel, Party
    from tests.conftest import PASSWORD, STANDARD_PATH
    from tests.evaluation import walk
    from tests.evaluation.standing import stands
    from tests.reports.documents import people_of_third

    load_standard(STANDARD_PATH.read_bytes())
    for code, name, level, above in (
        ("990000", "示例省", DivisionLevel.PROVINCE, None), ("990100", "锦棠市", DivisionLevel.CITY, "990000"),
        ("990101", "望棠区", DivisionLevel.COUNTY, "990100"), ("990102", "棠南县", DivisionLevel.COUNTY, "990100"),
    ):  # fmt: skip
        add_division(code, name, level, *([above] if above else []))
    county, other = (County.objects.get(pk=code) for code in ("990101", "990102"))
    desks = [
        (
            appoint(f"clerk{each.pk}", "填报员", Party.CLERK, each, PASSWORD),
            appoint(f"signer{each.pk}", "签报人", Party.SIGNER, each, PASSWORD),
        )
        for each in (county, other)
    ]
    people, year = walk.people_of_county(county, *desks[0]), current_school_year()
    told = large_county(SCHOOLS, county.code, county.name)
    for position, school in enumerate(told.schools):
        if position % 5 == 0 and school.values.get("primary_enrollment"):
            school.values["sports_ground_area"] = (school.values["sports_ground_area"] / 3).quantize(Decimal("0.01"))  # type: ignore[index,operator]
            school.values["equipment_value"] = (school.values["equipment_value"] / 4).quantize(Decimal("0.0001"))  # type: ignore[index,operator]
    version = upload_workbook(people.clerk, county, year, "望棠区.xlsx", workbook_of(told, county, year))
    run_waiting_jobs()
    version.refresh_from_db()
    walk.explained(people.clerk, version)
    walk.attached(county, people.clerk)
    large = walk.sign(county, people.signer).evaluation
    large.refresh_from_db()
    forward(people.city, large, large.version, "同意上报。")
    large.refresh_from_db()
    propose(people.inspector, large, Proposal.Decision.DECLINE, large.version, "多所学校未达到学校标准。")
    return large, stands(other, people_of_third(other, people, desks[1]))


def seal(facts: dict[str, Any]) -> Any:
    """A seal as the workflow makes it."""
    from evaluation.document_making import Seal

    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Seal(
        "示督评〔2026〕1号", hashlib.sha256(text.encode()).hexdigest(), "https://portal.example.cn/documents/A1/"
    )


def processor_seconds() -> float:
    """What this process and those it waited for have used: tells a slow program from a busy machine."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def line(what: str, seconds: float, promised: float = 0.0) -> None:
    """One figure; kept as a failure where it is over what was promised."""
    over = promised and seconds > promised
    if over:
        _DONE.append(what)
    limit = f"  (promised: under {promised:.0f} s{', OVER' if over else ''})" if promised else ""
    print(f"{what:>36}: {seconds:6.2f} s{limit}")


def look(name: str, pdf: bytes) -> None:
    """Pages, bookmarks, page numbers, fonts and letters of one PDF."""
    from pypdf import PdfReader

    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        reader = PdfReader(file.name)
        text = subprocess.run(["pdftotext", file.name, "-"], capture_output=True, text=True, check=True).stdout
        fonts = subprocess.run(["pdffonts", file.name], capture_output=True, text=True, check=True).stdout
    pages = reader.pages
    numbered = sum(
        f"第{n}页共{len(pages)}页" in "".join(page.extract_text().split()) for n, page in enumerate(pages, start=1)
    )
    embedded = [row.split()[-5] == "yes" for row in fonts.splitlines()[2:]]
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in text)
    is_well = numbered == len(pages) and all(embedded) and reader.outline and chinese > 100
    if not is_well:
        _DONE.append(name)
    print(
        f"  {name}: {len(pages)} pages, {numbered} numbered, {len(reader.outline)} bookmarks, "
        f"{sum(embedded)}/{len(embedded)} fonts embedded, {chinese} Chinese letters, {len(pdf) // 1024} KiB"
        f"{'' if is_well else '  NOT WELL'}"
    )


if __name__ == "__main__":
    main()
