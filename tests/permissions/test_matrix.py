"""Every route of the site, asked by everybody in every state: whoever may not see a thing is answered as if it were not
there, whoever may not act is told why, and nothing is written."""

from __future__ import annotations

import pytest

from tests.permissions.matrix import Matrix
from tests.permissions.row import Row
from tests.permissions.table import ROWS, routes_of_site

#: One process asks: the answers of the matrix are kept and used again.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("matrix")]


def test_every_route_of_the_site_has_a_line_in_the_table():
    missing = [route for route in routes_of_site() if route not in {row.route for row in ROWS}]
    assert not missing, f"add a line to tests/permissions/table_*.py for: {', '.join(missing)}"


def test_every_line_of_the_table_has_a_route():
    gone = sorted({row.route for row in ROWS} - set(routes_of_site()))
    assert not gone, f"these lines of tests/permissions/table_*.py have no route any more: {', '.join(gone)}"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_everybody_is_answered_what_the_table_says(matrix: Matrix, row: Row):
    cells = matrix.cells(row)
    assert cells, f"{row} is asked in no case: the world has no such thing"
    faults = [fault for cell in cells if (fault := matrix.fault(cell, matrix.given(cell)))]
    assert not faults, f"{len(faults)} of {len(cells)}\n" + "\n".join(faults)
