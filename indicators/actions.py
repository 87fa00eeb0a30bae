"""The only writers of what counties report."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q
from django.utils import timezone

from indicators.catalogue import ALL_FIELDS, COUNTY_ITEM_BY_CODE, DECIMAL_SCALE, Field, Kind
from indicators.models import (
    CountyFigure,
    PartialWorkbook,
    ReportedProblem,
    SchoolRecord,
    StoredFile,
    Submission,
)
from indicators.problem import Problem
from indicators.report import SchoolReport
from indicators.workbook.read import ReadReport
from schools.models import County, User

#: How the codes of the rules begin that refuse a file as a whole.
FILE_RULES = "file."
_FILENAME_LENGTH = 200


@transaction.atomic(savepoint=False)
def store_file(content: bytes) -> StoredFile:
    """The stored file with these bytes, made if it is not there yet, and filled again where it was cleared."""
    sha256 = hashlib.sha256(content).hexdigest()
    stored = StoredFile(sha256=sha256, content=content, size=len(content))
    StoredFile.objects.bulk_create([stored], ignore_conflicts=True)
    # Locked until the row that uses it is in: clearing waits for that row, and sees it.
    stored = StoredFile.objects.select_for_update().defer("content").get(pk=sha256)
    if stored.cleared_at is not None:
        stored.content, stored.cleared_at = content, None
        stored.save(update_fields=["content", "cleared_at"])
    return stored


def clear_refused_files(before: datetime.datetime) -> int:
    """Give up the bytes of files that were refused before a moment and that nothing else uses; returns how many. The
    reports about them, their names and their hashes stay."""
    told = ReportedProblem.objects.filter(submission=OuterRef("pk"), rule__startswith=FILE_RULES)
    refused = {
        Submission: Q(Exists(told), is_readable=False, read_at__lt=before),
        PartialWorkbook: Q(state=PartialWorkbook.State.REFUSED, uploaded_at__lt=before),
    }
    return clear_files(refused)


def clear_files(given_up: Mapping[type[Model], Q]) -> int:
    """Give up the bytes of files of which every use is a row that fulfils its table's condition, and there is one;
    returns how many. Their hashes stay. A table that is not named keeps the files it uses."""
    due = StoredFile.objects.filter(_is_given_up(given_up), cleared_at=None).order_by("sha256")
    cleared = 0
    for sha256 in due.values_list("sha256", flat=True):
        with transaction.atomic():
            # Asked again under the lock: the same bytes may have come once more in the meantime.
            StoredFile.objects.select_for_update().only("sha256").get(pk=sha256)
            cleared += due.filter(pk=sha256).order_by().update(content=b"", cleared_at=timezone.now())
    return cleared


def _is_given_up(given_up: Mapping[type[Model], Q]) -> Q:
    is_used, is_kept = Q(), Q()
    for relation in StoredFile._meta.get_fields(include_hidden=True):
        if not relation.one_to_many:
            continue
        # A table that comes to use files some day keeps them, without anybody thinking of this place.
        uses = relation.related_model.objects.filter(**{relation.field.name: OuterRef("pk")}).order_by()
        condition = given_up.get(relation.related_model)
        is_kept |= Q(Exists(uses if condition is None else uses.exclude(condition)))
        if condition is not None:
            is_used |= Q(Exists(uses))
    return is_used & ~is_kept


def record_upload(
    user: User,
    county: County,
    school_year: int,
    filename: str,
    content: bytes,
    based_on: Submission | None = None,
    *,
    is_reread: bool = False,
) -> tuple[Submission, bool]:
    """The next version of the county's figures, and whether it is new: the bytes of the newest version sent once
    more (a double click, a second tab) are that version, unless its file was cleared, or they are to be read in
    another way (``is_reread``). ``based_on`` is the version whose file was corrected or is read again. Call in a
    transaction that holds the county's row: two uploads at once must not take one number."""
    versions = Submission.objects.filter(county=county, school_year=school_year)
    newest = versions.order_by("-version").first()
    was_cleared = newest is not None and is_cleared(newest)
    stored = store_file(content)
    if newest is not None and newest.file_id == stored.pk and not (is_reread or was_cleared):
        return newest, False
    number = 1 if newest is None else newest.version + 1
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


def is_cleared(submission: Submission) -> bool:
    """Whether the bytes of a version's file were given up; asked without loading them."""
    return StoredFile.objects.filter(pk=submission.file_id, cleared_at__isnull=False).exists()


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
    values = {field.key: _stored(school.values.get(field.key), field) for field in ALL_FIELDS}
    return SchoolRecord(submission=submission, row=school.row, rejected=sorted(school.rejected), **values)


def _stored(value: Any, field: Field) -> Any:
    if field.kind is Kind.ROOMS:
        return ";".join(f"{area:f}" for area in value or ())
    if value is None:
        return "" if field.kind in (Kind.CODE, Kind.TEXT) or field.key in ("school_type", "urban_rural") else None
    return _stored_number(value, field.kind) if field.kind.is_scaled else value


def _stored_number(value: int | Decimal, kind: Kind) -> int:
    return int(value * DECIMAL_SCALE) if kind.is_scaled else int(value)
