"""What a chart costs to draw, and the public page of a county of 300 schools made anew, on the embedded default:
promised are 60 ms of a processor a chart, and 300 ms for 95 of 100 pages while four readers ask two processes at once.

.venv/bin/python benchmarks/charts.py
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.deployment import free_port

ROUNDS, PAGES, READERS, SCHOOLS = 15, 50, 4, 300
PROMISED_CHART, PROMISED_PAGE = 0.060, 0.300


def main() -> None:
    """Draw, publish, ask, print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DATABASE_URL": "", "REDIS_URL": ""}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        sys.exit(_charts() | _pages(Path(folder)))


def _charts() -> bool:
    from reports.charts.drawing import preload
    from reports.charts.inline import svg
    from reports.charts.picture import png
    from tests.reports.test_charts import CHARTS

    begin = time.perf_counter()
    preload()
    print(f"{'importing matplotlib':>28}: {(time.perf_counter() - begin) * 1000:7.1f} ms, once a process")
    slow = False
    for chart in CHARTS:
        taken = _median(lambda chart=chart: svg.__wrapped__(chart, "bench"))
        slow |= taken > PROMISED_CHART
        size = len(svg(chart, "bench").encode()) / 1000
        print(f"{type(chart).__name__:>28}: {taken * 1000:7.1f} ms, {size:.1f} kB")
    print(f"{'kept':>28}: {_median(lambda: svg(CHARTS[0], 'bench')) * 1000:7.3f} ms")
    print(f"{'PNG, 220 dots an inch':>28}: {_median(lambda: png.__wrapped__(CHARTS[0]), 5) * 1000:7.1f} ms")
    return slow


def _median(draw: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of one processor: what it costs, however busy the machine is."""
    times = []
    for _ in range(rounds + 1):
        begin = time.process_time()
        draw()
        times.append(time.process_time() - begin)
    return statistics.median(times[1:])


def _pages(folder: Path) -> bool:
    """The public page of a large county from two web processes, each asked for under an address of its own, so that no
    kept page answers; in one process also with no chart kept."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections
    from django.test import Client

    from reports.charts.inline import svg

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    address, client = _published(folder), Client()

    numbers = itertools.count()

    def anew() -> None:
        svg.cache_clear()
        if client.get(f"{address}?n={next(numbers)}").status_code != HTTPStatus.OK:
            raise RuntimeError(address)

    print(f"{'page, no chart kept':>28}: {_median(anew) * 1000:7.1f} ms, {SCHOOLS} schools")
    connections.close_all()
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "-b", f"127.0.0.1:{port}", "config.wsgi"],
        cwd=Path(__file__).resolve().parent.parent,
    )
    try:
        late = _asked(port, address)
    finally:
        server.terminate()
        server.wait()
    print(
        f"promised: a chart under {PROMISED_CHART * 1000:.0f} ms, 95 of 100 pages under {PROMISED_PAGE * 1000:.0f} ms"
    )
    return late > PROMISED_PAGE


def _asked(port: int, address: str) -> float:
    """Within what time 95 of 100 pages came while some readers asked at once."""
    times: list[float] = []

    def read(reader: int) -> None:
        for number in range(PAGES):
            begin = time.perf_counter()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}?r={reader}-{number}") as answer:
                answer.read()
            times.append(time.perf_counter() - begin)

    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.2)
    # Both processes have imported everything once a few pages came.
    read(-1)
    times.clear()
    begin = time.perf_counter()
    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    late = statistics.quantiles(times, n=20)[-1]
    print(
        f"{'page, two web processes':>28}: {statistics.median(times) * 1000:7.1f} ms in the middle, 95 of 100 under "
        f"{late * 1000:.1f} ms, {len(times) / (time.perf_counter() - begin):.1f} a second, {READERS} readers"
    )
    return late


def _published(folder: Path) -> str:
    """The address of a county of many schools that the real actions published."""
    from django.conf import settings

    from evaluation.actions import load_standard, run_waiting_jobs, upload_workbook
    from evaluation.noticing import publish
    from evaluation.sending_back import forward
    from schools.actions import add_division, appoint
    from schools.models import County
    from schools.queries import current_school_year
    from schools.vocabulary import DivisionLevel, Party, SchoolType
    from tests import builders
    from tests.evaluation.standing import decided, over
    from tests.evaluation.walk import attached, explained, people_of_county, sign

    load_standard((settings.BASE_DIR / "fixtures/standards/2017-quality.toml").read_bytes())
    add_division("990000", "示例省", DivisionLevel.PROVINCE)
    add_division("990100", "锦棠市", DivisionLevel.CITY, "990000")
    add_division("990101", "望棠区", DivisionLevel.COUNTY, "990100")
    county = County.objects.get(pk="990101")
    clerk, signer = (
        appoint(party.value, "示例", party, county, "a-long-password") for party in (Party.CLERK, Party.SIGNER)
    )
    people = people_of_county(county, clerk, signer)
    rows = [
        builders.school_row(
            f"314200{n:04d}", f"清河县第{n}学校", SchoolType.PRIMARY_SCHOOL if n % 3 else SchoolType.JUNIOR_SCHOOL,
            **{"primary" if n % 3 else "junior": 300 + n}, plenty=1.1,
        )
        for n in range(1, SCHOOLS + 1)
    ]  # fmt: skip
    path = builders.write_workbook(folder / "county.xlsx", rows)
    version = upload_workbook(clerk, county, current_school_year(), "county.xlsx", path.read_bytes())
    run_waiting_jobs()
    version.refresh_from_db()
    explained(clerk, version)
    attached(county, clerk)
    evaluation = sign(county, signer).evaluation
    evaluation.refresh_from_db()
    forward(people.city, evaluation, evaluation.version, "同意上报。")
    decided(evaluation, people)
    publish(people.chief, evaluation, evaluation.version, over(evaluation))
    return f"/counties/{county.pk}/"


if __name__ == "__main__":
    main()
