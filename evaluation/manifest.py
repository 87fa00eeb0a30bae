"""What a signature covers, as one canonical text: every row behind a filing, by value or by hash.

The manifest is built from the rows when somebody signs, and built again from the same rows whenever a filing is
checked: any difference is a row that was changed, added or removed since.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import QuerySet

from evaluation.evidence_queries import items_of
from evaluation.judging import canonical_json
from evaluation.models import Evaluation, Filing, Standard, Verdict
from evaluation.standards import parsed_standard
from indicators.catalogue import ALL_FIELDS
from indicators.models import Evidence, Explanation, SchoolRecord, StoredFile, Submission

_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Signed:
    """The act of signing: number, who, as what, when, and what was declared."""

    number: str
    signer: int
    name: str
    post: str
    statement: str
    at: str


@dataclass(frozen=True, slots=True)
class Content:
    """The rows a filing stands on. ``fields`` are the columns of the school rows that are hashed: the catalogue may
    grow later, a filing keeps to its own."""

    submission: Submission
    verdict: Verdict
    explanations: Sequence[Explanation]
    evidence: Sequence[Evidence]
    fields: Sequence[str]


def content_now(submission: Submission, verdict: Verdict) -> Content:
    """What would be signed now: the newest explanation of everything asked, and the evidence that stands."""
    asked = submission.problems.exclude(fingerprint="").order_by().values("fingerprint")
    of_year = {"county_id": submission.county_id, "school_year": submission.school_year}
    written = Explanation.objects.filter(**of_year, fingerprint__in=asked).order_by("pk")
    newest = {each.fingerprint: each for each in written}
    evidence = Evidence.objects.filter(**of_year, withdrawn_at=None)
    return Content(
        submission,
        verdict,
        sorted(newest.values(), key=lambda each: each.pk),
        list(evidence.order_by("criterion", "pk")),
        [field.key for field in ALL_FIELDS],
    )


def content_of(filing: Filing, told: Mapping[str, Any]) -> Content:
    """The rows named by the manifest of a filing (``told``) as they are now; those that are gone are left out."""
    explanations = Explanation.objects.in_bulk([each["id"] for each in told["explanations"]])
    evidence = Evidence.objects.in_bulk([each["id"] for each in told["evidence"]])
    return Content(
        filing.submission,
        filing.verdict,
        [explanations[each["id"]] for each in told["explanations"] if each["id"] in explanations],
        [evidence[each["id"]] for each in told["evidence"] if each["id"] in evidence],
        told["figures"]["fields"],
    )


def manifest_of(evaluation: Evaluation, content: Content, signed: Signed) -> dict[str, Any]:
    """Everything a signature covers, as plain values; ``canonical_json`` of it is what is hashed."""
    submission, verdict = content.submission, content.verdict
    return {
        "schema": _SCHEMA,
        "evaluation": evaluation.pk,
        "county": evaluation.county_id,
        "school_year": evaluation.school_year,
        "signed": asdict(signed),
        "submission": _submission(submission),
        "figures": {
            "fields": list(content.fields),
            "schools": _rows(_records(submission, content.fields)),
            "county": _rows(submission.figures.values_list("code", "value", "cell")),
            "problems": _rows(submission.problems.values_list(*_PROBLEM_COLUMNS)),
            "changes": _rows(submission.changes.values_list(*_CHANGE_COLUMNS)),
        },
        "standard": _standards(verdict.standard),
        "verdict": _verdict(verdict),
        "explanations": [_explanation(each) for each in content.explanations],
        "evidence": [_evidence(each) for each in content.evidence],
        "items": _items(verdict, content.evidence),
    }


_PROBLEM_COLUMNS = (
    "position", "severity", "rule", "sheet", "cell", "school", "header", "found", "message", "fix", "fingerprint",
)  # fmt: skip
_CHANGE_COLUMNS = (
    "kind", "sheet", "cell", "school", "header", "before", "after", "changed_by", "changed_at",
)  # fmt: skip


def _plain(value: Any) -> Any:
    """A stored value as JSON holds it: moments in UTC, days as they are written."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, datetime.date) else value


def moment(at: datetime.datetime) -> str:
    """A moment as the manifest writes it: UTC, to the microsecond."""
    return str(_plain(at))


def sha256_of(text: str) -> str:
    """The hash of a text, as UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _rows(rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """Rows by their number and their hash, whatever order a database gives them in."""
    lines = sorted(json.dumps([_plain(value) for value in row], ensure_ascii=False) for row in rows)
    return {"count": len(lines), "sha256": sha256_of("\n".join(lines))}


def _records(submission: Submission, fields: Sequence[str]) -> QuerySet[SchoolRecord, tuple[Any, ...]]:
    return submission.records.values_list("row", "rejected", *fields)


def _file(sha256: str) -> dict[str, Any]:
    """A stored file with the hash its bytes have now, which must be its name."""
    stored = StoredFile.objects.get(pk=sha256)
    content = bytes(stored.content)
    return {
        "sha256": stored.pk,
        "content": hashlib.sha256(content).hexdigest(),
        "size": stored.size,
        "stored_at": _plain(stored.stored_at),
        "cleared_at": _plain(stored.cleared_at),
    }


def _submission(submission: Submission) -> dict[str, Any]:
    columns = (
        "id", "county_id", "school_year", "version", "filename", "uploaded_by_id", "uploaded_at", "read_at",
        "is_readable", "is_population_certain", "columns", "based_on_id",
    )  # fmt: skip
    return {name: _plain(getattr(submission, name)) for name in columns} | {"file": _file(submission.file_id)}


def _standards(standard: Standard) -> list[dict[str, str]]:
    """The standard and what it extends, each with the hash of its text as it stands."""
    codes = [standard.code, *(parent.code for parent in parsed_standard(standard).parents)]
    rows = Standard.objects.in_bulk(codes)
    return [
        {"code": code, "name": rows[code].name, "sha256": rows[code].sha256, "text": sha256_of(rows[code].document)}
        | {"loaded_at": _plain(rows[code].loaded_at)}
        for code in codes
    ]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    columns = (
        "id", "submission_id", "standard_id", "number", "as_of", "passed", "complete", "sha256", "computed_at",
    )  # fmt: skip
    return {name: _plain(getattr(verdict, name)) for name in columns} | {
        "document": sha256_of(verdict.document),
        "decided": sha256_of(verdict.decided),
        "findings": _rows(verdict.findings.values_list("code", "stage", "status", "value")),
    }


def _explanation(each: Explanation) -> dict[str, Any]:
    columns = (
        "id", "county_id", "school_year", "fingerprint", "rule", "school", "header", "found", "text", "written_by_id",
        "written_at",
    )  # fmt: skip
    return {name: _plain(getattr(each, name)) for name in columns}


def _evidence(each: Evidence) -> dict[str, Any]:
    """One file of evidence; whether it was withdrawn later is no part of what was signed."""
    columns = (
        "id", "county_id", "school_year", "criterion", "filename", "kind", "issued_by", "issued_on", "proof_page",
        "note", "uploaded_by_id", "uploaded_at",
    )  # fmt: skip
    return {name: _plain(getattr(each, name)) for name in columns} | {"file": _file(each.file_id)}


def _items(verdict: Verdict, evidence: Sequence[Evidence]) -> list[list[Any]]:
    """The checklist: every item of the standard with what the verdict says of it and how many files stand on it."""
    found: dict[str, list[str]] = {}
    for code, status in verdict.findings.order_by("code", "stage").values_list("code", "status"):
        found.setdefault(code, []).append(status)
    return [
        [item.code, found.get(item.code, []), sum(each.criterion == item.code for each in evidence)]
        for item in items_of(verdict.standard)
    ]


def text_of(manifest: dict[str, Any]) -> str:
    """The canonical text of a manifest: the same bytes for the same rows on any machine and database."""
    return canonical_json(manifest)
