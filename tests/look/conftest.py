"""The world of tests/permissions once more, and one browser for the folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.permissions.conftest import standing
from tests.permissions.world import World


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium.started() as found:
        yield found


@pytest.fixture(scope="package")
def world(browser, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    """Built after the browser has started: with Playwright's loop running, Django keeps another connection."""
    with django_db_blocker.unblock(), standing(tmp_path_factory.mktemp("world")) as built:
        yield built
