"""Asking every cell of the table, and remembering which checks each answer went through."""

from __future__ import annotations

import os
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.urls import reverse

from schools.models import User
from tests.permissions.askers import CHIEFS, DESK, Answer, Asker
from tests.permissions.asking import Given, Visitor, put_back
from tests.permissions.checks import Checks
from tests.permissions.readers import Relations, readers
from tests.permissions.row import Row, no_step
from tests.permissions.table import ROWS
from tests.permissions.world import CASES, World

#: ``MATRIX=full`` asks everybody in every state. Otherwise whoever belongs to the county or reviews it is asked in
#: every state in which they are denied, and everybody in two states for each different answer; which two differs from
#: line to line and asker to asker, so that every state meets every line and every asker.
IS_FULL = os.environ.get("MATRIX") == "full"
_NEAR = DESK | CHIEFS | {Asker.CITY, Asker.INSPECTOR}
_COSTLY = frozenset({Answer.SEEN, Answer.DONE})
_STATES_ASKED = 2
#: Which thing is meant stands in what is sent; and the button to read a file anew, which the room of the county's
#: figures offers without knowing states of review: the door says why not.
_NOT_BY_ADDRESS = frozenset({"assignment_give", "recusals", "people_invite", "reread"})


@dataclass(frozen=True)
class Cell:
    """One question and its expected answer."""

    row: Row
    method: str
    key: str
    asker: Asker
    expected: Answer

    def __str__(self) -> str:
        return f"{self.method} {self.row} · {self.key} · {self.asker.value}"


class Matrix:
    """The answers of one world, asked for once."""

    def __init__(self, world: World, checks: Checks) -> None:
        self.world, self.relations, self.checks = world, Relations(world), checks
        self._visitors: dict[int | None, Visitor] = {}
        self._given: dict[Cell, Given] = {}
        self._passed: dict[Cell, frozenset[str]] = {}
        self._cells: dict[Row, list[Cell]] = {}
        self._by_address: dict[str, dict[str, list[Row]]] = {}

    def cells(self, row: Row) -> list[Cell]:
        """The cells of a line that are asked."""
        if row not in self._cells:
            self._cells[row] = [cell for method, _ in row.rules() for cell in self._of_method(row, method)]
        return self._cells[row]

    def _of_method(self, row: Row, method: str) -> Iterator[Cell]:
        rule = dict(row.rules())[method]
        keys = [key for key in CASES if key in row.cases and self._has(row, key)]
        expected = {key: rule(key) for key in keys}
        for asker in Asker:
            if asker not in row.askers:
                continue
            by_answer: dict[Answer, list[str]] = defaultdict(list)
            for key in keys:
                by_answer[expected[key][asker]].append(key)
            for answer, among in by_answer.items():
                is_whole = row.in_every_state and asker in _NEAR and answer not in _COSTLY
                count = 1 if answer in _COSTLY and not row.in_every_state else _STATES_ASKED
                for key in among if is_whole else _chosen(f"{row}{method}{asker}", among, count):
                    yield Cell(row, method, key, asker, answer)

    def _has(self, row: Row, key: str) -> bool:
        return row.of(self.world, self.world.cases[key]) is not None

    def person(self, cell: Cell) -> User | None:
        """Who asks, by name; nobody for the public."""
        return self.world.cases[cell.key].people.get(cell.asker)

    def visitor(self, person: User | None) -> Visitor:
        """Somebody at the doors, signed in once."""
        pk = person.pk if person is not None else None
        if pk not in self._visitors:
            self._visitors[pk] = Visitor(person)
        return self._visitors[pk]

    def ask(self, cell: Cell, method: str = "") -> Given:
        """The answer now, whatever it was before."""
        row, case = cell.row, self.world.cases[cell.key]
        with put_back():
            row.before(self.world, case)
            address = reverse(row.route, args=row.of(self.world, case))
            data = row.send(self.world, case) if cell.method == "POST" else None
            return self.visitor(self.person(cell)).ask(method or cell.method, address, data, **row.headers)

    def given(self, cell: Cell) -> Given:
        """The answer, asked once; which checks it went through is remembered."""
        if cell not in self._given:
            with self.checks.watched() as passed:
                self._given[cell] = self.ask(cell)
            self._passed[cell] = frozenset(passed)
        return self._given[cell]

    def passed(self, cell: Cell) -> frozenset[str]:
        """The checks its answer went through."""
        self.given(cell)
        return self._passed[cell]

    @contextmanager
    def new_doors(self) -> Iterator[None]:
        """Everybody comes anew, through middleware as it is now; and again afterwards."""
        self._visitors.clear()
        yield
        self._visitors.clear()

    def fault(self, cell: Cell, given: Given) -> str:
        """Empty where an answer is the expected one and tells nothing it should not, otherwise what is wrong."""
        if given.answer != cell.expected:
            return f"{cell}: expected {cell.expected.value}, was answered {given}"
        person = self.person(cell) if cell.asker is not Asker.CLOSED else None
        told = {mark for mark in given.marks if not self.relations.may_read(person.pk if person else None, *mark)}
        told |= {mark for mark in given.sections if cell.asker not in readers(mark[1], cell.key)}
        if told:
            return f"{cell}: was told {sorted(told)}"
        wrong = [action for action, is_offered in given.forms if self._is_promised_wrongly(cell, action, is_offered)]
        return f"{cell}: a button offers what is refused, or is grey where it would be done: {wrong}" if wrong else ""

    def _is_promised_wrongly(self, cell: Cell, action: str, is_offered: bool) -> bool:
        """Whether a form on a page is not what the table says of its address for this person in this case."""
        rows = [row for row in self._posts(cell.key, action) if is_offered or row.before is no_step]
        said = {row.post(cell.key)[cell.asker] in _COSTLY for row in rows if row.post is not None}
        return bool(said) and is_offered not in said

    def _posts(self, key: str, action: str) -> list[Row]:
        """The lines about what is sent to an address in a case."""
        if key not in self._by_address:
            case, found = self.world.cases[key], defaultdict(list)
            for row in ROWS:
                is_asked = row.post is not None and key in row.cases and row.route not in _NOT_BY_ADDRESS
                args = row.of(self.world, case) if is_asked else None
                if args is not None:
                    found[reverse(row.route, args=args)].append(row)
            self._by_address[key] = found
        return self._by_address[key].get(action.partition("?")[0], [])


def _chosen(seed: str, among: list[str], count: int) -> list[str]:
    if IS_FULL or len(among) <= count:
        return among
    begin = zlib.crc32(seed.encode())
    return [among[(begin + number * (len(among) // count)) % len(among)] for number in range(count)]
