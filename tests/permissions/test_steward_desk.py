"""The steward's desk, page by page as the resolver names them: for a steward of the province alone, and nothing of it
for the steward of another."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.contrib import admin
from django.urls import URLPattern, get_resolver, reverse

from schools.admin import StewardAdmin
from schools.models import User
from tests.permissions.askers import EVERY_STEWARD, OUTSIDE, Answer, Asker
from tests.permissions.asking import Given
from tests.permissions.matrix import Matrix

pytestmark = pytest.mark.django_db

#: Pages of the desk that belong to no table, and of a table: one line each. ``pk`` where a page is about one row.
SITE_PAGES = frozenset(
    {"index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "view_on_site"}
    | {"app_list"}
)
TABLE_PAGES = {"changelist": "", "add": "", "history": "pk", "delete": "pk", "change": "pk"}
#: Pages that only accounts have, and what a model's catch-all leads to.
MORE_PAGES = {"auth_user_password_change": "pk"}
_NOT_FOR_THEM = frozenset({Answer.HIDDEN, Answer.REFUSED, Answer.LOGIN, Answer.METHOD})
EVERYBODY_ELSE = [asker for asker in Asker if asker not in EVERY_STEWARD | {Asker.MISPLACED}]


def _names() -> set[str]:
    _, resolver = get_resolver().namespace_dict["admin"]
    found: set[str] = set()
    below = [resolver]
    while below:
        for each in below.pop().url_patterns:
            if isinstance(each, URLPattern):
                found |= {each.name} if each.name else set()
            else:
                below.append(each)
    return found


def _tables() -> dict[str, type[Any]]:
    return {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}


def _pages(matrix: Matrix) -> list[tuple[str, tuple[Any, ...]]]:
    """Every page of the desk with the arguments of its address, about rows of one county."""
    case = matrix.world.cases["city_review"]
    pages: list[tuple[str, tuple[Any, ...]]] = [(name, ()) for name in SITE_PAGES - {"view_on_site", "app_list"}]
    pages.append(("app_list", ("schools",)))
    rows = {"schools_user": case.people[Asker.CLERK].pk, "schools_school": case.school.pk}
    for table, model in _tables().items():
        pk = rows.get(table) or model._default_manager.order_by("pk").values_list("pk", flat=True).first()
        pages += [(f"{table}_{page}", (pk,) if about else ()) for page, about in TABLE_PAGES.items()]
    return [*pages, *((name, (case.people[Asker.CLERK].pk,)) for name in MORE_PAGES)]


def _ask(matrix: Matrix, asker: Asker, method: str, name: str, args: tuple[Any, ...]) -> Given:
    person: User | None = matrix.world.cases["city_review"].people.get(asker)
    data = {"_save": "1", "full_name": "改了"} if method == "POST" else None
    return matrix.visitor(person).ask(method, reverse(f"admin:{name}", args=args), data)


def test_every_page_of_the_desk_is_of_a_kind_the_table_knows():
    known = SITE_PAGES | {f"{table}_{page}" for table in _tables() for page in TABLE_PAGES} | MORE_PAGES.keys()
    unknown = sorted(_names() - known)
    assert not unknown, f"say in tests/permissions/test_steward_desk.py who may open: {', '.join(unknown)}"
    gone = sorted(known - _names() - {"view_on_site"})
    assert not gone, f"the desk has these pages no more: {', '.join(gone)}"


@pytest.mark.parametrize("asker", EVERYBODY_ELSE, ids=str)
def test_for_everybody_but_a_steward_there_is_no_desk(matrix: Matrix, asker: Asker):
    for name, args in _pages(matrix):
        for method in ("GET", "POST"):
            if name in ("logout", "password_change", "jsi18n") and asker not in OUTSIDE:
                continue  # the site's own door out, its own page of the password, and words of the calendar
            given = _ask(matrix, asker, method, name, args)
            assert given.answer in _NOT_FOR_THEM, f"{method} {name} {asker.value}: {given}"
            assert not given.written, f"{method} {name} {asker.value}: {given}"
            own = {(code, kind) for code, kind in given.marks if kind not in ("clerk", "signer")}
            assert not own, f"{method} {name} {asker.value}: was told {sorted(own)}"


def test_the_steward_of_another_province_finds_no_account_and_no_school(matrix: Matrix):
    case = matrix.world.cases["city_review"]
    for name in ("schools_user_changelist", "schools_school_changelist"):
        theirs = _ask(matrix, Asker.STEWARD, "GET", name, ())
        assert theirs.answer is Answer.SEEN
        foreign = _ask(matrix, Asker.OTHER_STEWARD, "GET", name, ())
        told = {code for code, _ in foreign.marks if code != "980101"}
        assert not told, f"{name}: was told {sorted(told)}"
    assert (case.code, "clerk") in matrix.visitor(case.people[Asker.STEWARD]).ask(
        "GET", reverse("admin:schools_user_changelist") + f"?q=clerk-{case.code}"
    ).marks
    for name, pk in (("schools_user", case.people[Asker.CLERK].pk), ("schools_school", case.school.pk)):
        for page in ("change", "history", "delete"):
            for method in ("GET", "POST"):
                given = _ask(matrix, Asker.OTHER_STEWARD, method, f"{name}_{page}", (pk,))
                assert not given.written, f"{method} {name}_{page}: {given}"
                assert not given.marks, f"{method} {name}_{page}: {given}"
                assert given.status in (302, 403, 404), f"{method} {name}_{page}: {given}"


def test_what_the_desk_only_shows_cannot_be_changed_there(matrix: Matrix):
    for table, model in _tables().items():
        pk = model._default_manager.order_by("pk").values_list("pk", flat=True).first()
        pages = [("delete", (pk,))]
        if table not in ("schools_user", "schools_school"):
            pages += [("add", ()), ("change", (pk,))]
        for page, args in pages:
            for asker in EVERY_STEWARD:
                given = _ask(matrix, asker, "POST", f"{table}_{page}", args)
                assert given.answer is not Answer.DONE, f"{table}_{page} {asker.value}: {given}"
                assert not given.written, f"{table}_{page} {asker.value}: {given}"


def test_without_its_check_a_table_of_the_desk_would_be_shown(matrix: Matrix):
    """The site asks first whether somebody has a desk at all; with that open too, the table's own check holds."""
    with patch.object(admin.AdminSite, "has_permission", lambda *_: True):
        held = _ask(matrix, Asker.CLERK, "GET", "schools_division_changelist", ())
        with patch.object(StewardAdmin, "has_view_permission", lambda *_: True):
            opened = _ask(matrix, Asker.CLERK, "GET", "schools_division_changelist", ())
    assert (held.answer, opened.answer) == (Answer.REFUSED, Answer.SEEN)
    assert _ask(matrix, Asker.CLERK, "GET", "schools_division_changelist", ()).answer is Answer.HIDDEN
