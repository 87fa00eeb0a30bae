"""The maker of documents that the workflow asks. What a document needs is loaded when one is made: nobody else pays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evaluation.document_making import DocumentKind, Seal

if TYPE_CHECKING:
    from reports.documents.filling import Picture

_SHORT_HASH = 16
_CHART_WIDTH, _QR_WIDTH = 150, 24
_COUNTY_KINDS = (DocumentKind.SELF_ASSESSMENT, DocumentKind.OPINION, DocumentKind.FEEDBACK)


class DocumentMaker:
    """Facts from frozen rows, .docx from facts and a template, PDF from .docx."""

    def facts(
        self, kind: DocumentKind, evaluation_id: int, school: str = "", verdict_id: int | None = None
    ) -> dict[str, Any]:
        """Everything a county's document says. Raises Evaluation.DoesNotExist, NothingSigned, KeyError for a school
        that is not in the filing."""
        from evaluation.models import Evaluation
        from reports.documents.case import case_of
        from reports.documents.feedback import feedback
        from reports.documents.opinion import opinion
        from reports.documents.school_plan import school_plan
        from reports.documents.self_assessment import self_assessment
        from reports.documents.words import plain_facts

        case = case_of(evaluation_id, kind, verdict_id)
        evaluation = Evaluation.objects.select_related("county__parent__parent").get(pk=evaluation_id)
        if kind is DocumentKind.SCHOOL_PLAN:
            return dict(plain_facts(school_plan(case, evaluation, school)))
        if kind not in _COUNTY_KINDS:
            raise ValueError(kind)
        made = {
            DocumentKind.SELF_ASSESSMENT: self_assessment, DocumentKind.OPINION: opinion,
            DocumentKind.FEEDBACK: feedback,
        }  # fmt: skip
        return dict(plain_facts(made[kind](case, evaluation)))

    def province_facts(self, province: str, school_year: int) -> dict[str, Any]:
        """Everything the annual report of a province says. Raises Division.DoesNotExist."""
        from reports.documents.annual_report import annual_report
        from reports.documents.words import plain_facts

        return dict(plain_facts(annual_report(province, school_year)))

    def schools(self, evaluation_id: int) -> Sequence[tuple[str, str]]:
        """Code and name of every school of the signed filing, in the order of the codes."""
        from reports.documents.case import case_of, name_of
        from reports.documents.words import plain_text

        case = case_of(evaluation_id, DocumentKind.SCHOOL_PLAN)
        return [(code, plain_text(name_of(school))) for code, school in case.by_code.items()]

    def default_template(self, kind: DocumentKind) -> bytes:
        """The default template as .docx."""
        from reports.documents.template_docx import default_template

        return default_template(kind)

    def template_problems(self, kind: DocumentKind, content: bytes) -> Sequence[str]:
        """What keeps a province's template from being used, in Chinese."""
        from reports.documents.filling import problems_of_template
        from reports.documents.package import TemplateRefused, check_size
        from reports.documents.placeholders import REQUIRED, sample_of, schema_of

        try:
            check_size(content)
        except TemplateRefused as refused:
            return [str(refused)]
        schema = schema_of(kind)
        sample = {**sample_of(schema), **_SAMPLE_SEAL}
        pictures = _pictures(kind, _SAMPLE_TABLES, _SAMPLE_SEAL["查验地址"])
        return problems_of_template(content, schema, REQUIRED, sample, pictures)

    def fill(self, kind: DocumentKind, facts: Mapping[str, Any], template: bytes | None, seal: Seal) -> bytes:
        """The .docx. Raises FillingFailed."""
        from reports.documents.filling import filled
        from reports.documents.words import plain_facts

        told = plain_facts(dict(facts))
        title = f"{told.get('学校名称') or told.get('县名') or told.get('省名') or ''}{kind.label}"
        sealed = {
            "文号": seal.number,
            "校验码": seal.sha256[:_SHORT_HASH],
            "完整校验码": seal.sha256,
            "查验地址": seal.address,
            "文书名称": title,
        }
        pictures = _pictures(kind, told, seal.address)
        content = self.default_template(kind) if template is None else template
        return filled(content, {**told, **plain_facts(sealed)}, pictures, title, is_own=template is None)

    def can_print(self) -> bool:
        """Whether LibreOffice is installed."""
        from reports.documents.printing import printer

        return bool(printer())

    def to_pdf(self, documents: Sequence[bytes], report: Callable[[int], None]) -> Sequence[bytes]:
        """The PDFs of .docx files. Raises PrintingFailed."""
        from reports.documents.printing import print_documents

        return print_documents(documents, report)


#: Unlike anything else a template prints, so that it can be found on what was filled.
_SAMPLE_SEAL: Mapping[str, str] = {
    "文号": "试填〔0000〕1号", "校验码": "5eed" * 4, "查验地址": "https://example.org/documents/trial/",
}  # fmt: skip
_SAMPLE_ROW = {"学段": "小学", "代码": "L1", "名称": "示例", "简称": "示例", "上限": "0.50"}
_SAMPLE_TABLES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "差异系数表": [_SAMPLE_ROW | {"差异系数": "0.300", "不高于上限": True}],
    "差异系数分布": [_SAMPLE_ROW | {"最小": "0.200", "中位": "0.300", "最大": "0.400"}],
}


def _pictures(kind: DocumentKind, facts: Mapping[str, Any], address: str) -> dict[str, Picture]:
    """The drawings a document may show."""
    from reports.documents.filling import Picture
    from reports.documents.pictures import (
        coefficient_chart,
        coefficient_words,
        qr_code,
        spread_chart,
        spread_words,
    )
    from reports.documents.placeholders import CHART, SCHEMAS, SPREAD

    found = {"查验二维码": Picture(qr_code(address), _QR_WIDTH, f"查验地址的二维码：{address}")}
    drawn = ((CHART, "差异系数表", coefficient_chart, coefficient_words),
             (SPREAD, "差异系数分布", spread_chart, spread_words))  # fmt: skip
    for name, table, draw, words in drawn:
        if name in SCHEMAS[kind] and (rows := facts.get(table)):
            found[name] = Picture(draw(rows), _CHART_WIDTH, words(rows))
    return found
