"""Whoever writes to the database past the portal is found: a hundred random changes to what was signed, each one named
by the chain of events or by the hashes of the filing."""

from __future__ import annotations

import datetime
import json
from random import Random
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from evaluation.decisions import judge_item
from evaluation.events import broken_links
from evaluation.manifest import sha256_of, text_of
from evaluation.models import Assignment, Evaluation, Event, Filing, Finding, ItemJudgement, Standard, Verdict
from evaluation.recomputing import differences
from evaluation.steps import take_step
from evaluation.workflow import Step
from indicators.models import (
    CountyFigure,
    Evidence,
    Explanation,
    ReportedProblem,
    SchoolRecord,
    StoredFile,
    Submission,
)
from schools.actions import appoint
from schools.models import Division
from schools.queries import current_school_year
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.evaluation import walk
from tests.frozen import without_triggers
from tests.indicators.test_evidence_files import png

TIMES = 100
SEED = 20261121
#: What was signed. A certificate is checked by its own number and hash.
MODELS: tuple[type[models.Model], ...] = (
    Event, Filing, Submission, SchoolRecord, CountyFigure, ReportedProblem, Verdict, Finding, StoredFile, Explanation,
    Evidence, Standard,
)  # fmt: skip


@pytest.fixture
def evaluation(standard, county, clerk, signer, inspector) -> Evaluation:
    """With the province: signed once, taken back, corrected and signed again, and judged after that."""
    evaluation = walk.signed(county, clerk, signer)
    take_step(signer, evaluation, Step.WITHDRAW, evaluation.version, reason="两所学校的多媒体教室填错。")
    walk.explained(clerk, walk.uploaded(county, clerk, walk.TO_EXPLAIN))
    walk.attached(county, clerk, "G2", content=png(), name="照片.png")
    evaluation = walk.sign(county, signer).evaluation
    evaluation.refresh_from_db()
    city = appoint("city", "复核甲", Party.CITY_REVIEWER, Division.objects.get(pk="990100"), PASSWORD)
    take_step(city, evaluation, Step.FORWARD, evaluation.version, reason="数据属实。")
    year = current_school_year()
    Assignment.objects.create(county=county, school_year=year, inspector=inspector, assigned_by=inspector)
    judge_item(inspector, county, year, "G1", True, "布局合理。")
    return evaluation


def found() -> list[str]:
    """What the two checks say."""
    return [each.words for each in broken_links()] + [f"{each.where}：{each.words}" for each in differences()]


def columns_of(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The columns of a table but a number that stands for nothing but the row itself."""
    return [field for field in model._meta.concrete_fields if not (field.primary_key and field.name == "id")]


def other(value: Any, field: models.Field[Any, Any], chance: Random) -> Any:
    """Another value of the same kind: what a hand would put there."""
    if isinstance(field, models.ForeignKey):
        others = field.related_model._base_manager.exclude(pk=value).values_list("pk", flat=True)
        return chance.choice(sorted(others)) if others.exists() else None
    if isinstance(field, models.BooleanField):
        return chance.choice([each for each in (True, False) if each is not value])
    if isinstance(field, models.BinaryField):
        content = bytearray(value)
        content[chance.randrange(len(content))] ^= 1
        return bytes(content)
    if isinstance(field, models.JSONField):
        return [*value, "x"] if isinstance(value, list) else {**value, "x": "A"}
    if isinstance(value, datetime.datetime):
        return value + datetime.timedelta(seconds=chance.choice([-86_400, -1, 1, 86_400]))
    if isinstance(value, datetime.date):
        return value + datetime.timedelta(days=chance.choice([-1, 1]))
    if isinstance(field, models.DateTimeField):
        return datetime.datetime(2026, 10, 1, tzinfo=datetime.UTC)
    if isinstance(value, str) or (value is None and isinstance(field, models.CharField | models.TextField)):
        text = value or ""
        at = chance.randrange(len(text)) if text else 0
        return text[:at] + ("8" if text[at : at + 1] != "8" else "9") + text[at + 1 :]
    return (value or 0) + chance.choice([1, 2, 1000])


def tamper(chance: Random) -> str:
    """Change one column of one row, delete a row, or let two rows change places; returns what was done. Raises
    DatabaseError where the tables themselves refuse, such as a second row with one number."""
    model = chance.choice(MODELS)
    keys = sorted(signed_rows(model).values_list("pk", flat=True), key=str)
    act = chance.choice(["change", "change", "delete", "swap"])
    if act == "delete":
        key = chance.choice(keys)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE {model._meta.pk.column} = %s", [key])
        return f"delete {model.__name__} {key}"
    if act == "swap" and len(keys) > 1:
        first, second = chance.sample(keys, 2)
        return swap(model, first, second)
    row, field = model._base_manager.get(pk=chance.choice(keys)), chance.choice(columns_of(model))
    value = getattr(row, field.attname)
    changed = other(value, field, chance)
    if changed == value:
        raise DatabaseError("nothing else could stand there")
    model._base_manager.filter(pk=row.pk).update(**{field.attname: changed})
    return f"change {model.__name__} {row.pk} {field.name}"


def swap(model: type[models.Model], first: Any, second: Any) -> str:
    """Everything that is in one row into the other and back, but for what the table holds once."""
    rows = model._base_manager.in_bulk([first, second])
    once = {name for constraint in model._meta.total_unique_constraints for name in constraint.fields}
    names = [
        field.attname for field in columns_of(model) if not (field.unique or field.primary_key or field.name in once)
    ]
    values = {key: {name: getattr(row, name) for name in names} for key, row in rows.items()}
    if values[first] == values[second]:
        raise DatabaseError("the rows are the same")
    for one, two in ((first, second), (second, first)):
        model._base_manager.filter(pk=one).update(**values[two])
    return f"swap {model.__name__} {first} {second}"


def signed_rows(model: type[models.Model]) -> models.QuerySet[Any]:
    """The rows that a signature covers."""
    rows = model._base_manager.order_by()
    versions = Filing.objects.order_by().values("submission")
    if model is Finding:
        return rows.filter(verdict__in=Filing.objects.order_by().values("verdict"))
    if model is Verdict:
        return rows.filter(pk__in=Filing.objects.order_by().values("verdict"))
    if model is Submission:
        return rows.filter(pk__in=versions)
    if model in (SchoolRecord, CountyFigure, ReportedProblem):
        return rows.filter(submission__in=versions)
    return rows


def test_a_hundred_random_changes_to_what_was_signed_are_all_found(evaluation):
    assert found() == []
    chance, done, missed = Random(SEED), [], []
    while len(done) < TIMES:
        with transaction.atomic():
            with without_triggers():
                try:
                    with transaction.atomic():
                        what = tamper(chance)
                except DatabaseError:
                    what = ""
                if what:
                    done.append(what)
                    if not found():
                        missed.append(what)
            transaction.set_rollback(True)
    assert missed == []
    assert {what.split()[0] for what in done} == {"change", "delete", "swap"}
    assert {what.split()[1] for what in done} == {model.__name__ for model in MODELS}
    assert found() == []


def test_a_hidden_trace_is_found_though_every_hash_beside_it_was_made_anew(evaluation):
    """Somebody who knows the hashes changes a figure, the manifest and its hash: the chain still tells."""
    with transaction.atomic(), without_triggers():
        filing = Filing.objects.order_by("-pk").first()
        told = json.loads(filing.manifest)
        told["signed"]["post"] = "副局长"
        text = text_of(told)
        Filing.objects.filter(pk=filing.pk).update(manifest=text, sha256=sha256_of(text), signer_post="副局长")
        assert found() == [f"{filing.number}：签报的散列值与留痕不符。"]
        payload = Event.objects.filter(kind=Step.SUBMIT).order_by("-number").first()
        Event.objects.filter(pk=payload.pk).update(payload=payload.payload.replace(filing.sha256, sha256_of(text)))
        assert any("内容与散列值不符" in words for words in found())


def test_a_state_that_no_step_led_to_is_found(evaluation):
    Evaluation.objects.filter(pk=evaluation.pk).update(state="published")
    assert any("不是最后一步留痕所到的状态" in words for words in found())
    Evaluation.objects.filter(pk=evaluation.pk).update(state="province_review", filing=Filing.objects.order_by("pk")[0])
    assert any("不是留痕中的最后一次签报" in words for words in found())


def test_a_judgement_changed_behind_the_inspector_is_found(evaluation):
    ItemJudgement.objects.update(opinion="布局很合理。")
    assert any("督学评定或省级录入的记录" in words for words in found())
