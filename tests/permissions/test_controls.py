"""That the matrix can fail: with any one check opened for everybody, at least one of its answers is another.

Which cells a check decides is not assumed: every answer remembers the checks it went through, and those cells are
asked again with the check open until one is answered otherwise."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.contrib.auth.middleware import LoginRequiredMiddleware
from rest_framework.permissions import IsAuthenticated

from tests.permissions.askers import Answer
from tests.permissions.checks import checks
from tests.permissions.matrix import Cell, Matrix
from tests.permissions.table import ROWS

#: One process asks: the answers of the matrix are kept and used again.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("matrix")]

#: No check, though it lives among them.
NO_CHECK = {"evaluation.permissions._newest_evaluation": "reads the evaluation others ask about"}

_WHO_ASSIGNS = ("evaluation.permissions.can_see_assignments", "evaluation.assigning.inspectors_of")
#: Checks with a second one behind them, which holds while they are open: with the second open, too, a cell fails
#: otherwise than with the second alone. Both stand, because each is asked where the other is not.
BEHIND: dict[str, tuple[str, ...]] = {
    # Whoever may not see an evaluation does not find it; asked again by every step, for doors that find it otherwise.
    "evaluation.permissions.can_see_evaluation": ("evaluation.queries.evaluations_visible_to",),
    # The step asks the same again, in its own words.
    "evaluation.noticing.why_not_uphold": ("evaluation.steps.why_not_step",),
    # The forms offer only counties and inspectors of the asker's own place; the action does not trust a form.
    "evaluation.permissions.why_not_assign": _WHO_ASSIGNS,
    "evaluation.permissions.is_of_province_of": _WHO_ASSIGNS,
    "evaluation.permissions.why_not_recuse": _WHO_ASSIGNS,
    "evaluation.permissions.why_not_tend": ("schools.queries.places_visible_to",),
    "schools.queries.places_visible_to": ("evaluation.permissions.why_not_tend",),
    # The door finds only reports of the own province.
    "evaluation.documents.why_not_publish_report": ("evaluation.document_queries.documents_visible_to",),
    # The clerk is no signer, and nobody signs what they prepared: two reasons against the same person.
    "evaluation.permissions.why_not_sign": ("evaluation.signing._why_not_this_person", "evaluation.steps.why_not_step"),
    "evaluation.signing._why_not_this_person": (
        "evaluation.permissions.why_not_sign",
        "evaluation.steps.why_not_step",
    ),
}


def _decided_by(matrix: Matrix, name: str) -> Iterator[Cell]:
    """The cells whose answers went through a check, denials first."""
    names = {name, *BEHIND.get(name, ())}
    found = [cell for row in ROWS for cell in matrix.cells(row) if names & matrix.passed(cell)]
    granted = (Answer.SEEN, Answer.DONE)
    yield from sorted(found, key=lambda cell: (cell.expected in granted, zlib.crc32(str(cell).encode())))


@pytest.mark.parametrize("name", sorted(checks().keys() - NO_CHECK.keys()))
def test_without_any_one_check_the_matrix_fails(matrix: Matrix, name: str):
    behind = BEHIND.get(name, ())
    asked = 0
    for cell in _decided_by(matrix, name):
        asked += 1
        with matrix.checks.opened(name, *behind):
            given = matrix.ask(cell)
        is_caught = bool(matrix.fault(cell, given))
        if is_caught and behind:
            with matrix.checks.opened(*behind):
                is_caught = matrix.ask(cell).answer is not given.answer
        if is_caught:
            return
    assert asked, f"no cell of the matrix goes through {name}"
    pytest.fail(f"{name} may be opened for everybody, and none of {asked} cells that go through it notices")


def test_without_the_login_middleware_the_matrix_fails(matrix: Matrix):
    with patch.object(LoginRequiredMiddleware, "process_view", lambda *_: None), matrix.new_doors():
        assert any(_is_noticed(matrix, cell) for cell in _logins(matrix, api=False))


def test_without_the_permission_of_the_interface_for_programs_the_matrix_fails(matrix: Matrix):
    with patch.object(IsAuthenticated, "has_permission", lambda *_: True), matrix.new_doors():
        assert any(_is_noticed(matrix, cell) for cell in _logins(matrix, api=True))


def _logins(matrix: Matrix, *, api: bool) -> list[Cell]:
    cells = [cell for row in ROWS if row.route.startswith("api_") == api for cell in matrix.cells(row)]
    return [cell for cell in cells if cell.expected is Answer.LOGIN]


def _is_noticed(matrix: Matrix, cell: Cell) -> bool:
    return bool(matrix.fault(cell, matrix.ask(cell)))
