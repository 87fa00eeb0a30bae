"""The chain of events: how many are appended a second, and how many are verified. Promised: a country's year of 150,000
events is verified in seconds. Runs on a test database
beside the one of the settings."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

APPENDED, VERIFIED = 1_000, 150_000


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from evaluation.events import broken_links, link_of, record_event
    from evaluation.models import ChainHead, Event
    from tests.frozen import without_triggers

    database = connection.creation.create_test_db(verbosity=0)
    try:
        begin = time.perf_counter()
        for number in range(APPENDED):
            with transaction.atomic():
                record_event("download", None, payload={"what": "问题清单", "filename": f"第{number}版.xlsx"})
        spent = time.perf_counter() - begin
        print(f"append   {APPENDED} events, each its own transaction: {spent:.2f} s, {APPENDED / spent:.0f} a second")

        last = Event.objects.get(number=APPENDED)
        rows, previous = [], last.sha256
        for number in range(APPENDED + 1, VERIFIED + 1):
            event = Event(number=number, at=last.at, kind="download", payload=last.payload, previous=previous)
            event.sha256 = previous = link_of(event).sha256()
            rows.append(event)
        Event.objects.bulk_create(rows, batch_size=5_000)
        with transaction.atomic(), without_triggers():
            ChainHead.objects.update(number=VERIFIED, sha256=previous)
        begin = time.perf_counter()
        broken = list(broken_links())
        spent = time.perf_counter() - begin
        print(f"verify   {VERIFIED} events: {spent:.2f} s, {VERIFIED / spent:.0f} a second, {len(broken)} broken")
        begin = time.perf_counter()
        call_command("verify_events")
        print(f"command  verify_events: {time.perf_counter() - begin:.2f} s")
    finally:
        connection.creation.destroy_test_db(database, verbosity=0)


if __name__ == "__main__":
    main()
