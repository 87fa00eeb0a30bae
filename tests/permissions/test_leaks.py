"""What lists, searches, filters and refusals tell: nothing of a county to whom it does not concern; and that these
tests would see it."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.test.utils import override_settings
from django.urls import reverse
from django.views.defaults import page_not_found

from config import urls
from schools.middleware import SecondFactor
from tests.permissions.askers import OUTSIDE, Answer, Asker
from tests.permissions.asking import Visitor, put_back
from tests.permissions.matrix import Matrix
from tests.permissions.readers import KINDS
from tests.permissions.table import ROWS

#: One process asks: the answers of the matrix are kept and used again.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("matrix")]

#: Whose address is given to whoever has no second factor yet.
_BEFORE_THE_CODE = frozenset({"second_factor", "second_factor_begin", "second_factor_code", "login", "logout"})


def test_every_kind_of_marked_word_is_read_by_somebody_it_concerns(matrix: Matrix):
    told = {kind for row in ROWS for cell in matrix.cells(row) for _, kind in matrix.given(cell).marks}
    missing = KINDS - told
    assert not missing, f"no page shows these any more, so that no leak of them would be seen: {sorted(missing)}"


@pytest.mark.parametrize("asker", [asker for asker in Asker if asker not in OUTSIDE | {Asker.MISPLACED}], ids=str)
def test_no_filter_and_no_search_reaches_beyond_what_one_may_read(matrix: Matrix, asker: Asker):
    case = matrix.world.cases["province_review"]
    person = case.people[asker]
    codes = [each.code for each in (*matrix.world.cases.values(), *matrix.world.things["neighbours"].values())]
    asked = [f"{reverse(name)}?county={code}" for name in ("events", "inbox", "desk") for code in codes[::4]]
    asked += [f"{reverse('events_export', args=['csv'])}?county={code}" for code in codes[::4]]
    asked += [f"{reverse('people')}?q=zq{code}" for code in codes[::4]]
    asked += [f"{reverse('assignments')}?county={code}" for code in codes[::8]]
    asked += [f"{reverse('desk')}?state=all", f"{reverse('rules')}?province=980000"]
    for address in asked:
        given = matrix.visitor(person).ask("GET", address)
        told = {mark for mark in given.marks if not matrix.relations.may_read(person.pk, *mark)}
        assert not told, f"{asker.value} {address}: was told {sorted(told)}"
        assert given.answer in (Answer.SEEN, Answer.HIDDEN, Answer.REFUSED), f"{asker.value} {address}: {given}"


def test_the_page_that_says_there_is_none_tells_nothing(matrix: Matrix):
    case, stranger = matrix.world.cases["province_review"], Asker.OTHER_INSPECTOR
    with patch.object(urls, "handler404", page_not_found):  # the fixture's is bare: here the real page is looked at
        visitor = matrix.visitor(case.people[stranger])
        given = visitor.ask("GET", reverse("submission", args=[case.signed.pk]))
        unknown = visitor.ask("GET", reverse("submission", args=[987_654]))
    assert given.answer is Answer.HIDDEN
    assert not given.marks
    assert (given.status, given.words, given.location) == (unknown.status, unknown.words, unknown.location)


@pytest.mark.parametrize("asker", [Asker.INSPECTOR, Asker.CHIEF, Asker.STEWARD], ids=str)
def test_whoever_owes_the_second_factor_reaches_nothing_else(matrix: Matrix, asker: Asker):
    cells = {row.route: cell for row in ROWS for cell in matrix.cells(row) if cell.asker is asker}
    with override_settings(REQUIRE_SECOND_FACTOR=True):
        given = {cell: matrix.ask(cell) for route, cell in cells.items() if route not in _BEFORE_THE_CODE}
    assert len(given) > 100
    for cell, answer in given.items():
        # A page is sent there; a program is refused; a part of a page asks for the whole page, with nothing in it.
        is_sent = answer.location.startswith(reverse("second_factor")) or answer.status == 403
        is_empty = bool(cell.row.headers) and answer.status == 200 and not answer.location
        # Whoever may not send by a method is told so before anything else.
        assert is_sent or is_empty or answer.answer is Answer.METHOD, f"{cell}: {answer}"
        assert not answer.written, f"{cell}: {answer}"
        assert not answer.marks, f"{cell}: {answer}"


def test_without_the_second_factor_middleware_it_would_be_reached(matrix: Matrix, monkeypatch):
    monkeypatch.setattr(SecondFactor, "process_view", lambda *_: None)
    case = matrix.world.cases["province_review"]
    address = reverse("evaluation", args=[case.evaluation.pk])
    with override_settings(REQUIRE_SECOND_FACTOR=True), put_back():
        assert Visitor(case.people[Asker.CHIEF]).ask("GET", address).answer is Answer.SEEN
