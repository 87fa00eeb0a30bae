"""The interface asked by a machine, from its own OpenAPI document: whatever it sends, no answer is a fault, and every
answer is one the document promises. ``SCHEMATHESIS_EXAMPLES=500`` asks longer than the few examples of every run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from schools.actions import appoint
from schools.vocabulary import Party
from tests.conftest import PASSWORD
from tests.evaluation.walk import uploaded
from tests.reports.api.conftest import World, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("made_anew")]
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "4"))
_QUIETLY = settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
_CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.ignored_auth,
)


@pytest.fixture(scope="module")
def real(world: World) -> dict[str, Any]:
    """Things there are, by the name of the part of an address: a county's clerk, and what they and others may read."""
    clerk = appoint("direct", "填报员丙", Party.CLERK, world.direct_county, PASSWORD)
    version = uploaded(world.direct_county, clerk, "cell_missing")
    certificate = world.certificate
    record = certificate.evaluation.filing.submission.records.order_by("-primary_enrollment", "code")
    return {
        "provinces": {"code": "990000"},
        "counties": {"code": world.county.pk},
        "results": {"code": certificate.code, "school": record.exclude(primary_enrollment=None)[0].code},
        "standards": {"code": "2017-quality"},
        "notices": {"id": certificate.evaluation.notices.get().pk},
        "submissions": {"id": version.pk},
        "clerk": clerk,
    }


@pytest.fixture
def operations() -> Iterator[list[Any]]:
    """The operations of the document, asked in this process and in the transaction of the test."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    yield [found.ok() for found in schema.get_all_operations()]
    for signal in ends:
        signal.connect(close_old_connections)


def ask(operation: Any, mode: GenerationMode, headers: dict[str, str], real: dict[str, Any] | None) -> int:
    """Ask many times; returns how often. ``real``: the parts of the address are of things there are."""
    room, asked = operation.path.split("/")[3], 0
    # The bytes a machine makes up are no workbook, and refused as such.
    promised = [*_CHECKS, *([checks.positive_data_acceptance] if operation.method.upper() == "GET" else [])]

    @_QUIETLY
    @given(case=operation.as_strategy(generation_mode=mode))
    def once(case: Any) -> None:
        nonlocal asked
        asked += 1
        if real is not None and room in real:
            case.path_parameters = {name: real[room][name] for name in case.path_parameters or {}}
        case.call_and_validate(headers=headers, checks=promised)

    once()
    return asked


@pytest.mark.parametrize("who", ["anonymous", "token"])
def test_what_is_asked_as_promised_is_answered_as_promised(operations, real, who):
    headers = token_of(real["clerk"]) if who == "token" else {}
    asked = sum(ask(each, GenerationMode.POSITIVE, headers, real) for each in operations)
    print(f"{asked} requests over {len(operations)} operations")
    assert asked >= len(operations)


def test_what_is_asked_wrongly_is_refused_as_promised(operations, real):
    headers = token_of(real["clerk"])
    asked = sum(ask(each, GenerationMode.NEGATIVE, headers, None) for each in operations if _can_be_wrong(each))
    print(f"{asked} requests")
    assert asked > 0


def _can_be_wrong(operation: Any) -> bool:
    """Whether there is anything to ask wrongly: a parameter or a body."""
    return any(list(each) for each in (operation.query, operation.path_parameters, operation.body))
