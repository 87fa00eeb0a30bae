"""What was signed cannot be changed or removed, whoever writes to the database: triggers on PostgreSQL and SQLite.

On SQLite a migration that alters one of these tables makes the table anew and loses its triggers, and cannot rename it
while a trigger elsewhere names it: such a migration removes the triggers first and installs them again afterwards.
A test holds that every trigger is there once all migrations have run.
"""

from __future__ import annotations

from django.db import migrations

#: A row that belongs to something signed, by table; {row} is OLD or NEW.
_ALWAYS = "1 = 1"
_OF_FILED_VERSION = "EXISTS (SELECT 1 FROM evaluation_filing f WHERE f.submission_id = {row}.submission_id)"
_FILED_VERSION = "EXISTS (SELECT 1 FROM evaluation_filing f WHERE f.submission_id = {row}.id)"
_OF_VERDICT_OF_FILED_VERSION = (
    "EXISTS (SELECT 1 FROM evaluation_filing f JOIN evaluation_verdict v ON v.submission_id = f.submission_id"
    " WHERE v.id = {row}.verdict_id)"
)
_OF_FILED_VERDICT = "EXISTS (SELECT 1 FROM evaluation_filing f WHERE f.verdict_id = {row}.verdict_id)"
_ANYTHING_FILED = "EXISTS (SELECT 1 FROM evaluation_filing)"
_FILE_OF_A_FILING = (
    "(EXISTS (SELECT 1 FROM indicators_submission s JOIN evaluation_filing f ON f.submission_id = s.id"
    " WHERE s.file_id = {row}.sha256)"
    " OR EXISTS (SELECT 1 FROM indicators_evidence v JOIN evaluation_evaluation e"
    " ON e.county_id = v.county_id AND e.school_year = v.school_year"
    " JOIN evaluation_filing f ON f.evaluation_id = e.id"
    " WHERE v.file_id = {row}.sha256 AND f.signed_at >= v.uploaded_at))"
)
#: Evidence that stood, or had stood, when somebody signed.
_SIGNED_EVIDENCE = (
    "EXISTS (SELECT 1 FROM evaluation_evaluation e JOIN evaluation_filing f ON f.evaluation_id = e.id"
    " WHERE e.county_id = {row}.county_id AND e.school_year = {row}.school_year AND f.signed_at >= {row}.uploaded_at)"
)
#: The newest evaluation of the county and year is past the signature and not over.
_SEALED = (
    "COALESCE((SELECT e.state FROM evaluation_evaluation e WHERE e.county_id = {row}.county_id"
    " AND e.school_year = {row}.school_year ORDER BY e.id DESC LIMIT 1), 'draft')"
    " IN ('city_review', 'province_review', 'proposed', 'notice', 'published')"
)
_EVIDENCE_COLUMNS = (
    "id", "county_id", "school_year", "criterion", "file_id", "filename", "kind", "issued_by", "issued_on",
    "proof_page", "note", "uploaded_by_id", "uploaded_at",
)  # fmt: skip
_EVIDENCE_CHANGED = " OR ".join(f"OLD.{column} <> NEW.{column}" for column in _EVIDENCE_COLUMNS)

_OLD, _NEW = {"row": "OLD"}, {"row": "NEW"}


def _either(condition: str) -> str:
    """A row is neither changed where it is sealed nor moved there."""
    return f"{condition.format(**_OLD)} OR {condition.format(**_NEW)}"


def _kept(table: str, condition: str, *, closed: bool = False) -> list[tuple[str, str, str]]:
    """Refuse to change or delete rows; ``closed``: to add any, too."""
    refused = [(table, "UPDATE", _either(condition)), (table, "DELETE", condition.format(**_OLD))]
    return [*refused, (table, "INSERT", condition.format(**_NEW))] if closed else refused


REFUSED: list[tuple[str, str, str]] = [
    *_kept("evaluation_filing", _ALWAYS),
    *_kept("evaluation_event", _ALWAYS),
    *_kept("evaluation_certificate", _ALWAYS),
    *_kept("indicators_explanation", _ALWAYS),
    # The head of the chain goes on by one link at a time.
    ("evaluation_chainhead", "UPDATE", "NEW.number <> OLD.number + 1"),
    ("evaluation_chainhead", "DELETE", _ALWAYS),
    *_kept("evaluation_standard", _ANYTHING_FILED),
    *_kept("evaluation_verdict", _OF_FILED_VERSION),
    *_kept("evaluation_finding", _OF_VERDICT_OF_FILED_VERSION),
    ("evaluation_finding", "INSERT", _OF_FILED_VERDICT.format(**_NEW)),
    *_kept("indicators_submission", _FILED_VERSION),
    *_kept("indicators_schoolrecord", _OF_FILED_VERSION, closed=True),
    *_kept("indicators_countyfigure", _OF_FILED_VERSION, closed=True),
    *_kept("indicators_reportedproblem", _OF_FILED_VERSION, closed=True),
    *_kept("indicators_cellchange", _OF_FILED_VERSION, closed=True),
    *_kept("indicators_storedfile", _FILE_OF_A_FILING),
    (
        "indicators_evidence",
        "UPDATE",
        f"{_either(_SEALED)} OR ({_SIGNED_EVIDENCE.format(**_OLD)} AND ({_EVIDENCE_CHANGED}))",
    ),
    ("indicators_evidence", "DELETE", f"{_SEALED.format(**_OLD)} OR {_SIGNED_EVIDENCE.format(**_OLD)}"),
]
_WORDS = "已签报的数据已封存，不能修改或删除"


def _name(table: str, event: str) -> str:
    return f"frozen_{table}_{event.lower()}"


def _statements(vendor: str) -> list[str]:
    """What installs the triggers."""
    made = []
    for table, event, condition in REFUSED:
        name = _name(table, event)
        if vendor == "sqlite":
            made.append(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition}"
                f" BEGIN SELECT RAISE(ABORT, '{_WORDS}：{table}'); END"
            )
            continue
        row = "OLD" if event == "DELETE" else "NEW"
        # 23001 is restrict_violation: an IntegrityError to whoever asks through Django.
        made.append(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN"
            f" RAISE EXCEPTION '{_WORDS}：{table}' USING ERRCODE = '23001'; END IF; RETURN {row}; END $$"
        )
        made.append(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    return made


def install(apps, schema_editor):
    """Put every trigger in place."""
    for statement in _statements(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    """Take every trigger away."""
    for table, event, _ in REFUSED:
        name = _name(table, event)
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}", params=None)
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}()", params=None)


class Migration(migrations.Migration):

    dependencies = [
        ("evaluation", "0005_workflow"),
        ("indicators", "0005_partial_kind"),
    ]

    operations = [migrations.RunPython(install, remove, elidable=False)]
