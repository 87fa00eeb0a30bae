"""What a province fills its documents into: set, looked at on trial, put back to the default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from evaluation.document_making import DocumentKind, maker
from evaluation.events import record_event
from evaluation.models import DocumentTemplate
from evaluation.permissions import Refused, why_not_tend_documents
from indicators.actions import store_file
from schools.models import Division, User

LARGEST_TEMPLATE = 5 * 1024 * 1024
_LONGEST_NAME = 200


class TemplateRefused(Refused):
    """The file does not fit; ``problems`` says everything that is wrong with it at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("模板没有保存：" + "；".join(problems))
        self.problems = tuple(problems)


def current_template(province: str, kind: DocumentKind) -> DocumentTemplate | None:
    """The row that counts for a province; None where it never set one."""
    return DocumentTemplate.objects.filter(province=province, kind=kind).order_by("-pk").first()


def set_template(user: User, kind: DocumentKind, filename: str, content: bytes) -> DocumentTemplate:
    """Take in a template of the own province; it counts for whatever is ordered from now on. Raises Refused, and
    TemplateRefused with everything that is wrong with the file."""
    if reason := why_not_tend_documents(user):
        raise Refused(reason)
    if len(content) > LARGEST_TEMPLATE:
        raise TemplateRefused([f"文件超过 {LARGEST_TEMPLATE // 1024 // 1024} MB。"])
    if problems := maker().template_problems(kind, content):
        raise TemplateRefused(problems)
    name = "".join(char for char in filename if char.isprintable())[-_LONGEST_NAME:] or f"{kind.label}.docx"
    with transaction.atomic():
        stored = store_file(content)
        row = _row(user, kind, file=stored, filename=name)
        _record(user, kind, {"filename": name, "sha256": stored.pk})
    return row


def reset_template(user: User, kind: DocumentKind) -> DocumentTemplate:
    """Let the default count again for the own province. Raises Refused."""
    if reason := why_not_tend_documents(user):
        raise Refused(reason)
    now = current_template(user.place_id or "", kind)
    if now is None or now.file_id is None:
        raise Refused("现在用的就是默认模板。")
    with transaction.atomic():
        row = _row(user, kind)
        _record(user, kind, {"filename": "恢复默认模板"})
    return row


def _row(user: User, kind: DocumentKind, **file: object) -> DocumentTemplate:
    return DocumentTemplate.objects.create(province_id=user.place_id, kind=kind, set_by=user, **file)


def _record(user: User, kind: DocumentKind, told: dict[str, str]) -> None:
    record_event("document_template", user, payload={"what": f"{kind.label}的模板"} | told)


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A kind of document with the template that counts, and every one there ever was, the newest first."""

    kind: DocumentKind
    current: DocumentTemplate | None
    history: Sequence[DocumentTemplate]

    @property
    def is_own(self) -> bool:
        """Whether the province has a template of its own now."""
        return self.current is not None and self.current.file_id is not None


def templates_of(province: Division) -> list[TemplateLine]:
    """All kinds of documents with the templates of a province; one query."""
    rows = list(DocumentTemplate.objects.filter(province=province).select_related("set_by").order_by("-pk"))
    by_kind = {kind: [row for row in rows if row.kind == kind] for kind in DocumentKind}
    return [TemplateLine(kind, next(iter(found), None), found) for kind, found in by_kind.items()]


def template_content(province: str, kind: DocumentKind, *, is_default: bool = False) -> bytes:
    """The bytes of the template that counts for a province, or of the default."""
    own = None if is_default else current_template(province, kind)
    if own is None or own.file is None:
        return maker().default_template(kind)
    return bytes(own.file.content)
