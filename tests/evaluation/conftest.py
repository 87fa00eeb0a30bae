"""Workbooks of the demo stories, as a clerk would send them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evaluation import document_making
from evaluation.actions import upload_workbook
from evaluation.demo import demo_county
from evaluation.management.commands.demo import workbook_of
from indicators.models import Submission
from schools.models import County, User
from tests.evaluation.plain_maker import PlainMaker

StoryWorkbook = Callable[[str], bytes]


@pytest.fixture
def story_workbook(county: County) -> StoryWorkbook:
    def make(story: str) -> bytes:
        told = demo_county(county.code, county.name, story)
        assert told is not None
        return workbook_of(told, county, 2026)

    return make


@pytest.fixture
def uploaded(standard, clerk: User, county: County, story_workbook: StoryWorkbook) -> Submission:
    """A good workbook, taken in and waiting to be judged."""
    return upload_workbook(clerk, county, 2026, "望棠区.xlsx", story_workbook("passes"))


@pytest.fixture
def maker(monkeypatch) -> PlainMaker:
    """Whoever makes documents in this test."""
    plain = PlainMaker()
    monkeypatch.setattr(document_making, "_maker", [plain])
    return plain
