"""The only writers of what counties report."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from indicators.catalogue import COUNTY_ITEM_BY_CODE, DECIMAL_SCALE, FIELDS, Field, Kind
from indicators.models import CountyFigure, ReportedProblem, SchoolRecord, StoredFile, Submission
from indicators.problem import Problem
from indicators.report import SchoolReport
from indicators.workbook.read import ReadReport
from schools.models import County, User

_FILENAME_LENGTH = 200


def store_file(content: bytes) -> StoredFile:
    """The stored file with these bytes, made if it is not there yet."""
    sha256 = hashlib.sha256(content).hexdigest()
    return StoredFile.objects.get_or_create(sha256=sha256, defaults={"content": content, "size": len(content)})[0]


@transaction.atomic
def record_upload(
    user: User,
    county: County,
    school_year: int,
    filename: str,
    content: bytes,
    based_on: Submission | None = None,
) -> tuple[Submission, bool]:
    """The next version of the county's figures, and whether it is new: the bytes of the newest version sent once
    more (a double click, a second tab) are that version. ``based_on`` is the version whose file was corrected."""
    # Two uploads at once must not take one number: the county's row is the lock, on SQLite the transaction is.
    County.objects.select_for_update().get(pk=county.pk)
    stored = store_file(content)
    versions = Submission.objects.filter(county=county, school_year=school_year)
    newest = versions.order_by("-version").first()
    if newest is not None and newest.file_id == stored.pk:
        return newest, False
    number = (versions.aggregate(last=Max("version"))["last"] or 0) + 1
    name = PurePath(filename.replace("\\", "/")).name[-_FILENAME_LENGTH:]
    submission = Submission.objects.create(
        county=county,
        school_year=school_year,
        version=number,
        file=stored,
        filename=name,
        uploaded_by=user,
        based_on=based_on,
    )
    return submission, True


def save_report(submission: Submission, found: ReadReport) -> None:
    """Store everything read from a version: figures, problems, addresses. Call inside the transaction
    that ends its job."""
    report = found.report
    SchoolRecord.objects.bulk_create([_record(submission, school) for school in report.schools], batch_size=200)
    CountyFigure.objects.bulk_create(
        CountyFigure(
            submission=submission,
            code=code,
            value=_stored_number(value, COUNTY_ITEM_BY_CODE[code].kind),
            cell=found.figure_cells.get(code, ""),
        )
        for code, value in report.figures.items()
    )
    _save_problems(submission, found.problems)
    submission.columns = dict(found.columns)
    submission.is_population_certain = report.is_population_certain
    submission.is_readable = found.is_judgeable
    submission.read_at = timezone.now()
    submission.save(update_fields=["columns", "is_population_certain", "is_readable", "read_at"])


def save_refusal(submission: Submission, problem: Problem) -> None:
    """Store that the file of a version cannot be read at all, and why."""
    _save_problems(submission, [problem])
    submission.is_readable = False
    submission.read_at = timezone.now()
    submission.save(update_fields=["is_readable", "read_at"])


def _save_problems(submission: Submission, problems: Sequence[Problem]) -> None:
    ReportedProblem.objects.bulk_create(
        (
            ReportedProblem(
                submission=submission,
                position=position,
                fix=problem.fix,
                fingerprint=problem.fingerprint,
                **problem.as_dict(),
            )
            for position, problem in enumerate(problems)
        ),
        batch_size=500,
    )


def _record(submission: Submission, school: SchoolReport) -> SchoolRecord:
    values = {field.key: _stored(school.values.get(field.key), field) for field in FIELDS}
    return SchoolRecord(submission=submission, row=school.row, rejected=sorted(school.rejected), **values)


def _stored(value: Any, field: Field) -> Any:
    if field.kind is Kind.ROOMS:
        return ";".join(f"{area:f}" for area in value or ())
    if value is None:
        return "" if field.kind in (Kind.CODE, Kind.TEXT) or field.key in ("school_type", "urban_rural") else None
    return _stored_number(value, field.kind) if field.kind.is_scaled else value


def _stored_number(value: int | Decimal, kind: Kind) -> int:
    return int(value * DECIMAL_SCALE) if kind.is_scaled else int(value)
