"""Every check of the portal, found by reading its modules; watched while the matrix is asked, and opened one by one.

A check is a function that a person's permission is asked of: all of ``evaluation/permissions.py``; anywhere else
``can_…``, ``may_…`` and ``why_not_…`` about a ``user``, and every read ``…_visible_to``, ``…_of`` or ``…_set_aside``
that takes one.
"""

from __future__ import annotations

import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import wraps
from importlib import import_module
from typing import Any
from unittest.mock import patch

from django.db.models import QuerySet
from django.db.models.sql.where import WhereNode

from evaluation.models import RelaxationGrant, Reply, SuppliedResult

_APPS = ("schools", "indicators", "evaluation", "reports")
_ALL_OF = "evaluation.permissions"
Check = Callable[..., Any]


def checks() -> dict[str, Check]:
    """Every check by its name, ``module.function``."""
    found: dict[str, Check] = {}
    for module in _modules():
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and _is_check(module.__name__, value):
                found[f"{module.__name__}.{name}"] = value
    return found


def _modules() -> list[Any]:
    import_module("config.urls")  # the desk's admin modules in their order
    names = [name for app in _APPS for name in (app, *_below(app))]
    return [import_module(name) for name in names if ".migrations" not in name and ".management" not in name]


def _below(app: str) -> list[str]:
    package = import_module(app)
    return [each.name for each in pkgutil.walk_packages(package.__path__, f"{app}.")]


def _is_check(module: str, function: Check) -> bool:
    if module == _ALL_OF:
        return True
    name, first = function.__name__.lstrip("_"), next(iter(inspect.signature(function).parameters), "")
    if first not in ("user", "chief"):
        return False
    return name.startswith(("can_", "may_", "why_not_", "is_")) or name.endswith(("_visible_to", "_set_aside", "_of"))


def replaced(original: Check, other: Check) -> list[Any]:
    """The patches that put ``other`` wherever ``original`` was imported to."""
    patches = []
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in (*_APPS, "config"):
            patches += [patch.object(module, key, other) for key, value in vars(module).items() if value is original]
    return patches


class Checks:
    """All checks with a hand on each: told which are passed through, and lets everybody pass where one is opened."""

    def __init__(self) -> None:
        self.all = checks()
        self._passed: set[str] = set()
        self._open: frozenset[str] = frozenset()
        self._hands = ExitStack()

    def __enter__(self) -> Checks:
        for name, check in self.all.items():
            for each in replaced(check, self._held(name, check)):
                self._hands.enter_context(each)
        return self

    def __exit__(self, *fault: object) -> None:
        self._hands.close()

    def _held(self, name: str, check: Check) -> Check:
        opened = opened_function(check)

        @wraps(check)
        def held(*args: Any, **more: Any) -> Any:
            self._passed.add(name)
            return (opened if name in self._open else check)(*args, **more)

        return held

    @contextmanager
    def watched(self) -> Iterator[set[str]]:
        """What is passed through inside."""
        self._passed = set()
        yield self._passed

    @contextmanager
    def opened(self, *names: str) -> Iterator[None]:
        """Let everybody pass these checks, wherever they are asked."""
        self._open = frozenset(names)
        try:
            yield
        finally:
            self._open = frozenset()


#: Reads that give one row or none: opened, they give the row whoever asks.
_ONE: Mapping[str, Callable[[Any, int], Any]] = {
    "evaluation.decision_queries.grant_visible_to": lambda user, pk: RelaxationGrant.objects.filter(pk=pk).first(),
    "evaluation.decision_queries.supplied_file_visible_to": (
        lambda user, pk: SuppliedResult.objects.filter(pk=pk).first()
    ),
    "evaluation.proposal_queries.reply_visible_to": lambda user, pk: Reply.objects.filter(pk=pk).first(),
}


def opened_function(check: Check) -> Check:
    """The same check that lets everybody pass: no reason against it, or every row there is."""
    name = check.__name__.lstrip("_")
    if one := _ONE.get(f"{check.__module__}.{check.__name__}"):
        return one

    def let_pass(*args: Any, **more: Any) -> Any:
        if name.startswith("why_not"):
            return ""
        if name.startswith("check_"):
            return None
        if name.startswith(("can_", "may_", "is_")):
            return True
        answer = check(*args, **more)
        if not isinstance(answer, QuerySet):
            raise TypeError(f"nobody has said how {check.__module__}.{check.__name__} is opened")
        return unfiltered(answer)

    return let_pass


def unfiltered(found: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows with all others of their kind."""
    every = found.all()
    every.query.where = WhereNode()
    return every
