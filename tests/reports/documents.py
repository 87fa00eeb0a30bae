"""Counties walked to where documents can be made of them, and .docx files made hostile."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from evaluation.document_making import DocumentKind, Seal
from evaluation.models import Evaluation, Proposal
from evaluation.proposing import propose
from evaluation.questions import ask
from evaluation.sending_back import AskedBack, send_back
from reports.documents.maker import DocumentMaker
from schools.actions import add_division, appoint
from schools.models import County
from schools.vocabulary import DivisionLevel, Party
from tests.conftest import PASSWORD
from tests.evaluation.reviewing import working_day
from tests.evaluation.standing import stands
from tests.evaluation.walk import forwarded, people_of_county, signed

SEAL = Seal("示督评〔2026〕7号", "0123456789abcdef" * 4, "https://portal.example.cn/documents/AB12-CD34/")
COUNTY_KINDS = (DocumentKind.SELF_ASSESSMENT, DocumentKind.OPINION, DocumentKind.FEEDBACK)


@dataclass(frozen=True)
class Counties:
    """A county that fails widely and is proposed to be declined, one that was sent back, one that is published."""

    failing: Evaluation
    returned: Evaluation
    published: Evaluation
    province: str = "990000"


def walked() -> Counties:
    """All three, in one province."""
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    names = {"990101": "望棠区", "990102": "棠南县", "990103": "棠北县"}
    counties = {}
    for code, name in names.items():
        add_division(code, name, DivisionLevel.COUNTY, "990100")
        counties[code] = County.objects.get(pk=code)
    desk = {
        code: (
            appoint(f"clerk{code}", "填报员", Party.CLERK, county, PASSWORD),
            appoint(f"signer{code}", "签报人", Party.SIGNER, county, PASSWORD),
        )
        for code, county in counties.items()
    }
    people = people_of_county(counties["990101"], *desk["990101"])
    failing = forwarded(counties["990101"], people, "fails_widely")
    ask(people.inspector, failing, "请说明专用教室面积的测量依据。", criterion="G3")
    failing.refresh_from_db()
    propose(people.inspector, failing, Proposal.Decision.DECLINE, failing.version, "多所学校未达到学校标准。")
    failing.refresh_from_db()
    returned = signed(counties["990102"], *desk["990102"], "one_school_short")
    returned.refresh_from_db()
    cell = AskedBack("请核对运动场地面积。", "学校数据", "C5")
    send_back(people.city, returned, returned.version, "一处需要核对。", working_day(10), [cell])
    returned.refresh_from_db()
    third = people_of_third(counties["990103"], people, desk["990103"])
    return Counties(failing, returned, stands(counties["990103"], third))


def people_of_third(county: County, people: Any, desk: tuple[Any, Any]) -> Any:
    """The same people above another county."""
    from dataclasses import replace

    from evaluation.models import Assignment
    from schools.queries import current_school_year

    Assignment.objects.create(
        county=county, school_year=current_school_year(), inspector=people.inspector, assigned_by=people.chief
    )
    return replace(people, clerk=desk[0], signer=desk[1])


def every_document(maker: DocumentMaker, counties: Counties) -> dict[DocumentKind, dict[str, Any]]:
    """The facts of each of the five."""
    failing = counties.failing.pk
    found = {kind: maker.facts(kind, failing) for kind in COUNTY_KINDS}
    found[DocumentKind.SCHOOL_PLAN] = maker.facts(DocumentKind.SCHOOL_PLAN, failing, maker.schools(failing)[0][0])
    year = counties.published.school_year
    return found | {DocumentKind.ANNUAL_REPORT: maker.province_facts(counties.province, year)}


# ── What stands in a .docx ────────────────────────────────────────────────────────────────────


def text_of(content: bytes) -> str:
    """Every letter of body, tables, headers and footers, each once."""
    shown = [name for name in parts_of(content) if re.fullmatch(r"word/(document|header\d*|footer\d*)\.xml", name)]
    roots = [etree.fromstring(parts_of(content)[name]) for name in shown]
    return "\n".join("".join(each.itertext()) for root in roots for each in root.iter(f"{W}p"))


W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def parts_of(content: bytes) -> dict[str, bytes]:
    """The parts of a package by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def changed(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The same package after ``change`` was at its parts."""
    parts = parts_of(content)
    change(parts)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return target.getvalue()


def with_paragraph(content: bytes, xml: str) -> bytes:
    """With one more paragraph (or whatever ``xml`` is) at the beginning of the body."""

    def change(parts: dict[str, bytes]) -> None:
        body = parts["word/document.xml"]
        at = body.index(b"<w:body>") + len(b"<w:body>")
        parts["word/document.xml"] = body[:at] + xml.encode() + body[at:]

    return changed(content, change)


def said(text: str) -> str:
    """A paragraph with a text."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def with_relation(content: bytes, kind: str, target: str, mode: str = "External", of: str = "document") -> bytes:
    """With one more relation of the body, or of another part."""

    def change(parts: dict[str, bytes]) -> None:
        name = f"word/_rels/{of}.xml.rels"
        empty = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
        mode_words = f' TargetMode="{mode}"' if mode else ""
        uri = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
        more = f'<Relationship Id="rIdHostile" Type="{uri}" Target="{target}"{mode_words}/></Relationships>'
        parts[name] = parts.get(name, empty).replace(b"</Relationships>", more.encode())

    return changed(content, change)


def texts_in(facts: Any) -> Iterator[str]:
    """Every text of some facts."""
    if isinstance(facts, str):
        yield facts
    elif isinstance(facts, dict):
        for each in facts.values():
            yield from texts_in(each)
    elif isinstance(facts, list):
        for each in facts:
            yield from texts_in(each)
