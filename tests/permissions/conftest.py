"""The world of the matrix: built once for the folder inside one transaction that is taken back at its end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import transaction
from django.http import HttpResponseNotFound
from django.test.utils import override_settings

from config import urls
from evaluation import document_making
from tests.evaluation.plain_maker import PlainMaker
from tests.permissions.checks import Checks
from tests.permissions.matrix import Matrix
from tests.permissions.world import World, build_world

#: Nobody hashes a password here but whoever signs; sessions live in their cookies, so that no cell writes one.
_SETTINGS = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
    "REQUIRE_SECOND_FACTOR": False,
}


@contextmanager
def standing(folder: Path) -> Iterator[World]:
    """The world, for as long as it is looked at."""
    makes = patch.object(document_making, "_maker", [PlainMaker()])
    with override_settings(**_SETTINGS), makes, transaction.atomic():
        yield build_world(folder)
        transaction.set_rollback(True)


@pytest.fixture(scope="package")
def world(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    with django_db_blocker.unblock(), standing(tmp_path_factory.mktemp("world")) as built:
        yield built


@pytest.fixture(scope="package")
def matrix(world) -> Iterator[Matrix]:
    with Checks() as checks:
        yield Matrix(world, checks)


@pytest.fixture(autouse=True)
def _quiet_refusals() -> Iterator[None]:
    # Thousands of them are meant to be refused; and the page that says so is the same for all (test_matrix.py looks).
    logger = logging.getLogger("django.request")
    before, bare = logger.level, lambda request, exception: HttpResponseNotFound()
    logger.setLevel(logging.CRITICAL)
    with patch.object(urls, "handler404", bare, create=True):
        yield
    logger.setLevel(before)
