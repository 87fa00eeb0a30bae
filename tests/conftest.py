"""Objects the tests share: a place, its people, and the standard; everything else is walked to by the real actions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.cache import caches
from django.db import connection
from hypothesis import HealthCheck, settings

from evaluation.actions import load_standard
from evaluation.core.standard import Standard as StandardDocument
from evaluation.core.standard import read_standard
from schools.actions import add_division, appoint
from schools.models import County, Division, User
from schools.vocabulary import DivisionLevel, Party
from tests.frozen import let_sqlite_be_emptied

ROOT = Path(__file__).resolve().parent.parent
STANDARD_PATH = ROOT / "fixtures/standards/2017-quality.toml"
PASSWORD = "a-long-test-password"

# How long a draw takes says what else the machine is doing, not whether a rule holds; a test that is right must not
# fail beside another run. The same with CI set and without.
settings.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portal")


#: Rooms whose tests without a database have nothing to do with any server: they run once, whatever the database.
_ROOMS = ("schools", "indicators", "evaluation", "reports")
#: Walks through the whole portal, and long rows of random counties and files: what they run, tests of the parts have
#: run already, and counting its lines would make them half as long again.
_NOT_COUNTED = ("look", "test_browser_story.py", "test_mutated_workbooks.py", "test_kernel_agrees")
_LONGEST_ID = 200
#: What these look at, a browser has already been given: which database it came from makes no difference any more.
_LOOKED_AT = "look"
_DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        needs = item.get_closest_marker("django_db") or _DATABASE & set(getattr(item, "fixturenames", ()))
        room = item.path.parent.name
        if room == _LOOKED_AT or (not needs and room in _ROOMS):
            item.add_marker("pure")
        if room in _NOT_COUNTED or item.path.name.startswith(_NOT_COUNTED):
            item.add_marker("no_cover")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    # A file made a second later is another one, and two processes would disagree about the name of the test.
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > _LONGEST_ID) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        # Spread over both processes, a world is built twice and two browsers start: slow, and nobody would notice.
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError(f"pytest-xdist did not put {item.nodeid} into its group")


@pytest.fixture(scope="session", autouse=True)
def _sqlite_can_be_emptied():
    let_sqlite_be_emptied()


@pytest.fixture(autouse=True)
def _fast_passwords(settings):
    # Argon2 costs a tenth of a second each; the tests of logging in hash with it on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _nothing_kept_from_another_test(settings):
    # Not in Redis either, where the other process of this run would find it.
    here = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = settings.CACHES | {"shared": {"BACKEND": here, "LOCATION": "shared"}}
    for each in caches.all():
        each.clear()


@pytest.fixture(autouse=True)
def _requests_are_not_counted(settings):
    # Thousands of requests come from one address here; the tests of the rates set their own.
    settings.API_RATES = dict.fromkeys(settings.API_RATES)


@pytest.fixture(autouse=True)
def _no_collected_files(settings, tmp_path_factory):
    # Whatever an earlier `make run` collected is not what these tests look at.
    empty = tmp_path_factory.getbasetemp() / "nothing-collected"
    empty.mkdir(exist_ok=True)
    settings.STATIC_ROOT = empty


@pytest.fixture(scope="session")
def standard_document() -> StandardDocument:
    return read_standard(STANDARD_PATH)


@pytest.fixture
def standard(db):
    return load_standard(STANDARD_PATH.read_bytes())[0]


@pytest.fixture
def county(db) -> County:
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    add_division("990101", "望棠区", DivisionLevel.COUNTY, "990100")
    return County.objects.get(pk="990101")


@pytest.fixture
def other_county(county) -> County:
    add_division("990102", "棠南县", DivisionLevel.COUNTY, "990100")
    return County.objects.get(pk="990102")


@pytest.fixture
def clerk(county) -> User:
    return appoint("clerk", "填报员甲", Party.CLERK, county, PASSWORD)


@pytest.fixture
def signer(county) -> User:
    return appoint("signer", "签报人甲", Party.SIGNER, county, PASSWORD)


@pytest.fixture
def other_clerk(other_county) -> User:
    return appoint("clerk2", "填报员乙", Party.CLERK, other_county, PASSWORD)


@pytest.fixture
def inspector(county) -> User:
    return appoint("inspector", "督学甲", Party.INSPECTOR, Division.objects.get(pk="990000"), PASSWORD)


@pytest.fixture
def worker_environment(transactional_db) -> dict[str, str]:
    """The environment of a real worker process on this test's own database."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return os.environ | {
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-these-tests",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
