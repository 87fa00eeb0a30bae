"""Methods nobody asked for open nothing, and nothing is done for a page of another site."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.permissions.askers import Answer, Asker
from tests.permissions.asking import Given, Visitor, put_back
from tests.permissions.matrix import Cell, Matrix
from tests.permissions.row import Row
from tests.permissions.table import ROWS

#: One process asks: the answers of the matrix are kept and used again.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("matrix")]

_OTHERS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
_SHUT = frozenset({Answer.METHOD, Answer.HIDDEN, Answer.LOGIN, Answer.REFUSED})
_FIRST_OF_ROUTE = tuple({row.route: row for row in reversed(ROWS)}.values())


def _askers(matrix: Matrix, row: Row) -> list[Cell]:
    """Somebody who may, where anybody may; somebody from far away, and the public."""
    cells = matrix.cells(row)
    may = [cell for cell in cells if cell.expected in (Answer.SEEN, Answer.DONE)]
    far = [cell for cell in cells if cell.asker in (Asker.OTHER_CLERK, Asker.PUBLIC)]
    return [*may[:1], *{cell.asker: cell for cell in far}.values()]


@pytest.mark.parametrize("row", _FIRST_OF_ROUTE, ids=str)
def test_no_other_method_opens_anything(matrix: Matrix, row: Row):
    methods = [
        *_OTHERS,
        *({"GET", "POST"} - {method for each in ROWS if each.route == row.route for method, _ in each.rules()}),
    ]
    faults = []
    for cell in _askers(matrix, row):
        for method in methods:
            given = matrix.ask(cell, method)
            if not _is_shut(method, cell, given):
                faults.append(f"{method} {cell}: was answered {given}")
    assert not faults, "\n".join(faults)


def _is_shut(method: str, cell: Cell, given: Given) -> bool:
    if given.written and method != "HEAD":
        return False
    if given.answer in _SHUT:
        return True
    page = cell.row.get
    if given.answer is Answer.SEEN and page is not None and page(cell.key)[cell.asker] is Answer.SEEN:
        return True  # the page itself, for whoever sees it anyway
    # What an address allows may be told: not what lies there.
    return method == "OPTIONS" and given.answer is Answer.SEEN and not given.marks and not given.forms


#: Mail programs end letters from elsewhere, with the link alone (RFC 8058): the link is the right to it.
_BY_LINK_ALONE = ("subscription_end",)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.post is not None and row.route not in _BY_LINK_ALONE], ids=str
)
def test_nothing_is_done_for_a_form_of_another_site(matrix: Matrix, row: Row):
    cells = [cell for cell in matrix.cells(row) if cell.method == "POST" and cell.expected is Answer.DONE][:1]
    for cell in cells or [cell for cell in matrix.cells(row) if cell.method == "POST"][:1]:
        case = matrix.world.cases[cell.key]
        with put_back():
            row.before(matrix.world, case)
            address = reverse(row.route, args=row.of(matrix.world, case))
            visitor = Visitor(matrix.person(cell), checks_csrf=True)
            given = visitor.ask("POST", address, row.send(matrix.world, case), **row.headers)
        assert not given.written, f"{cell}: {given}"
        assert given.answer in _SHUT, f"{cell}: {given}"
