"""Questions of reviewers on a cell or an item of what was signed, and the county's answers: the only writers, and
their reads."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from evaluation.events import record_event
from evaluation.filed_cells import FiledCells
from evaluation.freezing import lock_county
from evaluation.models import Evaluation, Question
from evaluation.parties import people_of
from evaluation.permissions import Person, Refused, can_see_evaluation
from evaluation.standards import parsed_standard
from evaluation.telling import notify, notify_all
from evaluation.workflow import holder
from schools.models import User
from schools.vocabulary import Party

LONGEST_TEXT = 2_000
_DESK = (Party.CLERK, Party.SIGNER)


def why_not_ask(user: Person, evaluation: Evaluation) -> str:
    """Empty if ``user`` may ask about this evaluation now, otherwise the reason in words."""
    reviewers = (Party.CITY_REVIEWER, Party.INSPECTOR)
    if not isinstance(user, User) or user.party not in reviewers or not can_see_evaluation(user, evaluation):
        return "问题由正在办理的市级复核或省级督学提出。"
    if holder(evaluation.state_of) != user.party:
        return f"现在是“{evaluation.state_of.label}”，不在您手里，不能提出问题。"
    return ""


def why_not_answer(user: Person, evaluation: Evaluation) -> str:
    """Empty if ``user`` may answer questions on this evaluation now, otherwise the reason in words."""
    if not isinstance(user, User) or user.party not in _DESK or not can_see_evaluation(user, evaluation):
        return "问题由本县的填报员或签报人答复。"
    if not evaluation.state_of.is_live:
        return f"评估已经结束（{evaluation.state_of.label}），不再答复。"
    return ""


def ask(
    user: User, evaluation: Evaluation, text: str, sheet: str = "", cell: str = "", criterion: str = ""
) -> Question:
    """Ask about one cell of the filed version, or about one item. Raises Refused."""
    words = _words(text, "问题")
    with transaction.atomic():
        # The state may have changed since the page was opened: it must not while this is written.
        lock_county(evaluation.county_id)
        now = Evaluation.objects.select_related("county__parent", "filing__submission").get(pk=evaluation.pk)
        _check(why_not_ask(user, now))
        about = _about_item(now, criterion) if criterion else _about_cell(now, sheet, cell)
        question = Question.objects.create(evaluation=now, text=words, asked_by=user, **about)
        desk = people_of(now, _DESK)
        told = f"{user}（{user.get_party_display()}）提出一个问题，请答复。"
        notify_all((person for people in desk.values() for person in people), now, told)
        record_event("question_asked", user, evaluation=now, reason=words, payload={"question": question.pk, **about})
    return question


def _about_item(evaluation: Evaluation, code: str) -> dict[str, str]:
    item = next((each for each in parsed_standard(evaluation.standard).criteria if each.code == code), None)
    if item is None:
        raise Refused("标准里没有这一项。")
    return {"criterion": item.code, "header": item.name}


def _about_cell(evaluation: Evaluation, sheet: str, cell: str) -> dict[str, str]:
    found = FiledCells(evaluation.filing.submission).at(sheet, cell) if evaluation.filing is not None else None
    if found is None:
        raise Refused(f"签报的数据里没有「{sheet[:20]}」{cell[:12]} 这个单元格。")
    return {"sheet": found.sheet, "cell": found.cell, "header": found.header, "school": found.school}


def answer(user: User, question: Question, text: str) -> None:
    """Answer a question, once. Raises Refused."""
    _check(why_not_answer(user, question.evaluation))
    words = _words(text, "答复")
    with transaction.atomic():
        changed = Question.objects.filter(pk=question.pk, answered_at=None).update(
            answer=words, answered_by=user, answered_at=timezone.now()
        )
        if not changed:
            raise Refused("这个问题已经答复过了。")
        notify(question.asked_by, question.evaluation, f"{user}答复了您提出的问题。")
        payload = {"question": question.pk}
        record_event("question_answered", user, evaluation=question.evaluation, reason=words, payload=payload)
    question.refresh_from_db()


def _words(text: str, what: str) -> str:
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not words:
        raise Refused(f"请写下{what}。")
    if len(words) > LONGEST_TEXT:
        raise Refused(f"{what}有 {len(words)} 个字，最多 {LONGEST_TEXT} 个字。")
    return words


def _check(reason: str) -> None:
    if reason:
        raise Refused(reason)


def questions_of(evaluation: Evaluation) -> list[Question]:
    """The questions of an evaluation, those without an answer first, each with the name of its school as
    ``school_name``."""
    return _named(evaluation, evaluation.questions.all())


def questions_on(evaluation: Evaluation, school: str = "", criterion: str = "") -> list[Question]:
    """The questions of an evaluation on the cells of one school, or on one item."""
    about = Q(school=school, criterion="") if school else Q(criterion=criterion)
    return _named(evaluation, evaluation.questions.filter(about))


def _named(evaluation: Evaluation, found: QuerySet[Question]) -> list[Question]:
    ordered = found.select_related("asked_by", "answered_by").order_by(F("answered_at").asc(nulls_first=True), "pk")
    questions = list(ordered)
    codes = {question.school for question in questions if question.school}
    records = evaluation.filing.submission.records.filter(code__in=codes) if codes and evaluation.filing else None
    names = dict(records.values_list("code", "name")) if records is not None else {}
    for question in questions:
        question.school_name = names.get(question.school) or question.school
    return questions
