"""Verdicts and findings of many counties into the database: by COPY on PostgreSQL, many rows at a time elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from django.db import connection

from evaluation.core.findings import NO_VALUE, CountyFindings, findings_of_counties
from evaluation.core.resources import LOST, PASSED
from evaluation.core.verdict import Judgement
from evaluation.models import RunFinding, RunVerdict

_TRUTH = {PASSED: True, LOST: False}
_COPIED = {True: "t", False: "f", None: NO_VALUE}


def save_verdicts(run_id: int, submissions: Sequence[int], judgement: Judgement) -> None:
    """Store what a run found for some versions, in the order of the county index of ``judgement``. Call inside the
    transaction that ends the batch: the database refuses a second verdict of a run and version."""
    found = list(findings_of_counties(judgement))
    verdicts = [
        (submission, _TRUTH.get(outcome), complete, county.sha256)
        for submission, outcome, complete, county in zip(
            submissions, judgement.outcome.tolist(), judgement.is_complete.tolist(), found, strict=True
        )
    ]
    if connection.vendor == "postgresql":
        _copy(run_id, verdicts, found)
    else:
        _insert(run_id, verdicts, found)


def _copy(run_id: int, verdicts: Sequence[tuple[int, bool | None, bool, str]], found: Iterable[CountyFindings]) -> None:
    """A finding's line is what COPY reads, behind the key of its verdict."""
    numbers = _new_keys(len(verdicts))
    rows = (
        f"{number}\t{run_id}\t{submission}\t{_COPIED[passed]}\t{_COPIED[complete]}\t{sha256}\n"
        for number, (submission, passed, complete, sha256) in zip(numbers, verdicts, strict=True)
    )
    _copy_in(RunVerdict._meta.db_table, "id, run_id, submission_id, passed, complete, sha256", rows)
    lines = (
        f"{number}\t" + f"\n{number}\t".join(county.lines) + "\n"
        for number, county in zip(numbers, found, strict=True)
        if county.lines
    )
    _copy_in(RunFinding._meta.db_table, "verdict_id, code, stage, status, value", lines)


def _new_keys(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [RunVerdict._meta.db_table, count],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy_in(table: str, columns: str, lines: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", StringIO("".join(lines)))


def _insert(
    run_id: int, verdicts: Sequence[tuple[int, bool | None, bool, str]], found: Iterable[CountyFindings]
) -> None:
    stored = RunVerdict.objects.bulk_create(
        RunVerdict(run_id=run_id, submission_id=submission, passed=passed, complete=complete, sha256=sha256)
        for submission, passed, complete, sha256 in verdicts
    )
    table = RunFinding._meta.db_table
    # The table's name is the model's; every value is a parameter.
    insert = f"INSERT INTO {table} (verdict_id, code, stage, status, value) VALUES (%s, %s, %s, %s, %s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(insert, list(_finding_rows(stored, found)))


def _finding_rows(
    verdicts: Iterable[RunVerdict], found: Iterable[CountyFindings]
) -> Iterator[tuple[int, str, str, str, float | None]]:
    for verdict, county in zip(verdicts, found, strict=True):
        for line in county.lines:
            code, stage, status, value = line.split("\t")
            yield verdict.pk, code, stage, status, None if value == NO_VALUE else float(value)
