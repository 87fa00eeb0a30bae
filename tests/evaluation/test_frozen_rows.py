"""Rows that were signed, written to past every action: the database refuses, and would not without its triggers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evaluation.models import (
    Certificate,
    ChainHead,
    Evaluation,
    Event,
    Filing,
    Finding,
    Standard,
    Verdict,
)
from evaluation.signing import withdraw
from indicators.models import (
    CellChange,
    CountyFigure,
    Evidence,
    Explanation,
    ReportedProblem,
    SchoolRecord,
    StoredFile,
    Submission,
)
from tests.evaluation import walk
from tests.frozen import triggers, without_triggers

frozen_rows = import_module("evaluation.migrations.0006_frozen_rows")
TABLES = {
    model._meta.db_table: model
    for model in (
        Certificate, ChainHead, Event, Filing, Finding, Standard, Verdict, CellChange, CountyFigure, Evidence,
        Explanation, ReportedProblem, SchoolRecord, StoredFile, Submission,
    )
}  # fmt: skip
#: A column of each table that a hand might reach for, and what it would put there.
EDITS: dict[str, tuple[str, object]] = {
    "evaluation_certificate": ("record", "{}"),
    "evaluation_chainhead": ("number", 1),
    "evaluation_event": ("reason", "改过"),
    "evaluation_filing": ("signer_name", "别人"),
    "evaluation_finding": ("status", "met"),
    "evaluation_standard": ("name", "别的标准"),
    "evaluation_verdict": ("passed", True),
    "indicators_cellchange": ("before", "1"),
    "indicators_countyfigure": ("value", 7),
    "indicators_evidence": ("issued_by", "别的单位"),
    "indicators_explanation": ("text", "改过的说明"),
    "indicators_reportedproblem": ("severity", "warning"),
    "indicators_schoolrecord": ("primary_enrollment", 7),
    "indicators_storedfile": ("size", 7),
    "indicators_submission": ("filename", "别的.xlsx"),
}


@pytest.fixture
def evaluation(standard, county, clerk, signer) -> Evaluation:
    """Signed, with something in every table that is sealed; the certificate stands by itself."""
    first = walk.uploaded(county, clerk, walk.TO_EXPLAIN)
    walk.explained(clerk, first)
    walk.attached(county, clerk)
    CellChange.objects.create(
        submission=first, kind="correction", sheet="学校数据", cell="Z9", before="2", after="3", changed_by=clerk
    )
    evaluation = walk.sign(county, signer).evaluation
    Certificate.objects.create(evaluation=evaluation, number="1", record="r", sha256="0" * 64, issued_by=signer)
    return evaluation


def refused(write: Callable[[], object]) -> bool:
    """Whether the database refuses; what it takes is undone."""
    try:
        with transaction.atomic():
            write()
            transaction.set_rollback(True)
    except IntegrityError as fault:
        return "已签报的数据已封存" in str(fault)
    return False


def test_every_table_that_is_sealed_is_tried_here():
    assert {table for table, _, _ in frozen_rows.REFUSED} == set(TABLES) == set(EDITS)


@pytest.mark.parametrize("table", sorted(EDITS))
def test_the_database_refuses_to_change_or_delete_what_was_signed(evaluation, table):
    rows = TABLES[table]._base_manager.all()
    assert rows.exists(), table
    column, value = EDITS[table]
    quote = connection.ops.quote_name

    def edit() -> None:
        rows.update(**{column: value})

    def delete() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {quote(table)}")

    assert refused(edit)
    assert refused(delete)
    with transaction.atomic(), without_triggers():
        assert not refused(edit)
        # On SQLite a delete that leaves references behind is refused at commit only; here it is undone before.
        assert not refused(delete)
    assert refused(edit)


@pytest.mark.parametrize(
    "make",
    [
        lambda filing: SchoolRecord(submission=filing.submission, row=9999),
        lambda filing: CountyFigure(submission=filing.submission, code="C99", value=1),
        lambda filing: ReportedProblem(submission=filing.submission, position=9999, severity="error", message="x"),
        lambda filing: CellChange(
            submission=filing.submission, kind="repair", sheet="学校数据", cell="A1", changed_by=filing.signed_by
        ),
        lambda filing: Finding(verdict=filing.verdict, code="Z1", status="met"),
    ],
)
def test_nothing_is_added_to_what_was_signed(evaluation, make):
    row = make(evaluation.filing)
    assert refused(lambda: row.save(force_insert=True))
    with transaction.atomic(), without_triggers():
        row.pk = None
        assert not refused(lambda: row.save(force_insert=True))


def test_a_row_of_another_version_is_not_moved_into_the_signed_one(evaluation, county, clerk, signer):
    withdraw(signer, evaluation, evaluation.version, "填错了。")
    later = walk.uploaded(county, clerk, "many_stages")
    record = SchoolRecord.objects.filter(submission=later).order_by("-row").first()
    moved = SchoolRecord.objects.filter(pk=record.pk)
    assert refused(lambda: moved.update(submission=evaluation.filing.submission, row=9999))
    assert not refused(lambda: moved.update(row=9999))


def test_versions_that_were_not_signed_and_new_verdicts_are_not_kept_from_anybody(evaluation, county, clerk, signer):
    withdraw(signer, evaluation, evaluation.version, "填错了。")
    later = walk.uploaded(county, clerk, "many_stages")
    assert not refused(lambda: Submission.objects.filter(pk=later.pk).update(filename="b.xlsx"))
    assert not refused(lambda: Verdict.objects.filter(submission=later).update(passed=None))
    assert not refused(lambda: StoredFile.objects.filter(pk=later.file_id).update(size=1))
    signed = evaluation.filing.verdict
    signed.pk, signed.number = None, 2
    assert not refused(lambda: signed.save(force_insert=True))


def test_evidence_may_be_withdrawn_once_the_data_are_open_again_and_only_that(evaluation, clerk, signer):
    of_item = Evidence.objects.filter(criterion="G1")

    def withdrawn() -> None:
        of_item.update(withdrawn_by=clerk, withdrawn_at=timezone.now())

    assert refused(withdrawn)
    withdraw(signer, evaluation, evaluation.version, "材料不对。")
    assert not refused(withdrawn)
    assert refused(lambda: of_item.update(proof_page="第9页"))
    assert refused(lambda: Evidence.objects.filter(criterion="G1")._raw_delete("default"))


def test_the_head_of_the_chain_only_goes_on_by_one(evaluation):
    head = ChainHead.objects.get()
    for number in (head.number - 1, head.number, head.number + 2):
        assert refused(lambda number=number: ChainHead.objects.update(number=number))
    assert not refused(lambda: ChainHead.objects.update(number=head.number + 1))


def test_every_trigger_is_there_after_all_migrations(db):
    expected = {frozen_rows._name(table, event) for table, event, _ in frozen_rows.REFUSED}
    assert expected <= set(triggers())


@pytest.mark.django_db(transaction=True)
def test_the_triggers_can_be_taken_away_and_put_back_by_their_migration():
    before = set(triggers())
    try:
        call_command("migrate", "evaluation", "0005", verbosity=0)
        assert not {name for name in triggers() if name.startswith("frozen_")}
    finally:
        call_command("migrate", verbosity=0)
    assert set(triggers()) == before
