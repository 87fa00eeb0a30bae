"""The package of open data of a whole published nation: how long it takes and how much memory.

    DATABASE_URL=postgres://… SECRET_KEY=… python benchmarks/open_data.py [--counties 2853]

Needs a migrated PostgreSQL database made for this; a generated nation is put into it and published where the year has
none yet (some minutes). Prints rows, seconds, the size of the ZIP and the peak of resident memory of ``manage.py
open_data``; wanted: under 300 MiB whatever the size of the nation.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
YEAR = 2030
_WANTED_MIB = 300
_KIB = 1024


def manage(*arguments: str, **more: bool) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, check=more.get("check", True), capture_output=True, text=True, cwd=ROOT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counties", type=int, default=2_853)
    counties = str(parser.parse_args().counties)
    if "DATABASE_URL" not in os.environ:
        sys.exit("Set DATABASE_URL to a PostgreSQL database made for this, and SECRET_KEY to anything.")
    publish = [sys.executable, "benchmarks/published_nation.py", "--year", str(YEAR), "--counties", counties]
    if "还没有公布过结果" in manage("open_data", str(YEAR), check=False).stderr:
        print("generating and publishing a nation …", flush=True)
        manage("load_standard")
        manage("generate_nation", "--year", str(YEAR), "--counties", counties)
        subprocess.run(publish, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    # A package of the same state is not made twice: this one is of the nation under another licence.
    with tempfile.TemporaryDirectory() as place:
        licence = Path(place) / "licence.txt"
        licence.write_text(f"{time.time_ns()}", encoding="utf-8")
        os.environ["OPEN_DATA_LICENCE"] = str(licence)
        started = time.perf_counter()
        told = measured("open_data", str(YEAR), "--out", place)
        seconds = time.perf_counter() - started
        size = next(Path(place).glob("*.zip")).stat().st_size
    print(told[0].splitlines()[0])
    print(f"{seconds:.1f} s, ZIP of {size / _KIB**2:.1f} MiB")
    print(f"peak of resident memory: {told[1]:.0f} MiB (wanted: under {_WANTED_MIB})")


def measured(*arguments: str) -> tuple[str, float]:
    """What a command prints, and its own peak of resident memory in MiB."""
    with tempfile.TemporaryFile("w+") as said:
        command = subprocess.Popen([sys.executable, "manage.py", *arguments], stdout=said, cwd=ROOT)
        _, status, used = os.wait4(command.pid, 0)
        if status:
            sys.exit(f"manage.py {arguments[0]} failed")
        said.seek(0)
        return said.read(), used.ru_maxrss / _KIB


if __name__ == "__main__":
    main()
