"""Printed documents: the county's, the province's, their templates, and what everybody may ask about a number."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from evaluation.document_making import DocumentKind
from evaluation.document_templates import set_template
from evaluation.documents import newest_order
from tests.evaluation.plain_maker import word_file
from tests.permissions.askers import CHIEFS, DESK, EVERY_CHIEF, EVERYBODY, Asker
from tests.permissions.row import ONCE, Of, Row, Send, nothing, thing
from tests.permissions.rules import (
    PUBLIC,
    WITH_PROPOSAL,
    Expected,
    acts,
    answered,
    done_by,
    of_evaluation,
    of_signed,
    seen_by,
)
from tests.permissions.world import CASES, Case, World

A = Asker
#: What a county signed stands as it is.
_STANDS = frozenset(CASES) - {"trial", "draft", "returned"}
_DECIDED = WITH_PROPOSAL - {"proposed", "ripe"}
_PROVINCE = CHIEFS | {A.INSPECTOR}
#: The result behind is published, whatever became of it since; of a draft, the one that is being corrected.
_PUBLISHED = frozenset({"draft", "published", "revoked", "superseded"})
_SELF, _PLAN = DocumentKind.SELF_ASSESSMENT, DocumentKind.SCHOOL_PLAN


def _seen(kind: DocumentKind) -> Send:
    def send(world: World, case: Case) -> dict[str, Any]:
        last = newest_order(kind, case.code, case.evaluation.school_year)
        return {"seen": last.number if last is not None else 0}

    return send


def _paper(*more: Any) -> Of:
    return thing("paper", *more, by="number")


def _report(world: World, case: Case) -> tuple[Any, ...]:
    return (world.things["report"].number,)


def _once_published(key: str) -> Expected:
    return PUBLIC(key) if key in _PUBLISHED else answered(hidden=EVERYBODY)(key)


def _again(world: World, case: Case) -> dict[str, Any]:
    return {"school_year": case.evaluation.school_year, "seen": 1}


def _template(world: World, case: Case) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("本省.docx", word_file("own"))}


def _with_own_template(world: World, case: Case) -> None:
    set_template(case.people[A.CHIEF], _SELF, "本省.docx", word_file("own"))


_COUNTY = [
    *(
        Row(
            "document_order", thing("evaluation", kind.value), post=acts(dict.fromkeys(_STANDS, DESK), of_evaluation),
            send=_seen(kind), what=kind.value,
        )
        for kind in (_SELF, _PLAN)
    ),
    *(
        Row(
            "document_order", thing("evaluation", kind.value), send=_seen(kind), what=kind.value,
            post=acts(dict.fromkeys(cases, _PROVINCE), of_evaluation),
        )
        for kind, cases in ((DocumentKind.FEEDBACK, WITH_PROPOSAL), (DocumentKind.OPINION, _DECIDED))
    ),
    Row("documents_progress", thing("evaluation"), seen_by(of_evaluation), headers={"HX-Request": "true"}),
    Row("documents_of_order", thing("plans"), seen_by(of_signed)),
    Row("documents_archive", thing("plans"), seen_by(of_signed)),
    *(Row("document_file", _paper(suffix), seen_by(of_signed), what=suffix) for suffix in ("pdf", "docx")),
    Row("document_published", _paper("pdf"), _once_published),
    # Whoever has the number may ask; the number cannot be guessed.
    Row("document", _paper(), PUBLIC),
]  # fmt: skip

_PROVINCES = [
    Row("annual_reports", nothing, seen_by(EVERY_CHIEF), done_by(CHIEFS, EVERY_CHIEF), send=_again, cases=ONCE),
    Row("annual_report_publish", _report, post=done_by(CHIEFS), cases=ONCE),
    Row("document_templates", nothing, seen_by(EVERY_CHIEF), cases=ONCE),
    Row("document_template", lambda world, case: (_SELF.value,), seen_by(EVERY_CHIEF), cases=ONCE),
    Row(
        "document_template_set", lambda world, case: (_SELF.value,), post=done_by(EVERY_CHIEF), send=_template,
        cases=ONCE,
    ),
    Row(
        "document_template_reset", lambda world, case: (_SELF.value,), post=done_by(CHIEFS, EVERY_CHIEF), cases=ONCE,
        before=_with_own_template,
    ),
]  # fmt: skip

ROWS = [*_COUNTY, *_PROVINCES]
