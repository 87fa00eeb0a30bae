"""Ask whether a part of the portal lives, from inside a container: exit code 0 or 1. Loads nothing of the portal.

python config/probe.py http://127.0.0.1:8000/healthz/ready        the answer is 200
python config/probe.py http://web:8000/healthz database worker    these parts of the answer are ok
python config/probe.py --fresh /tmp/celerybeat-schedule 60        a file was written in the last sixty seconds
"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

_SECONDS = 4


def main(arguments: list[str]) -> str:
    """What is wrong, in words; empty where nothing is."""
    if arguments[0] == "--fresh":
        return _old(Path(arguments[1]), float(arguments[2]))
    return _failing(arguments[0], arguments[1:])


def _failing(url: str, parts: list[str]) -> str:
    if not url.startswith("http://"):
        return "only http:// inside the network"
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    except OSError as error:
        return f"no answer: {error}"
    if not parts:
        return "" if status == 200 else f"HTTP {status}"
    try:
        told = json.loads(body)["checks"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {status}: no checks"
    return ", ".join(part for part in parts if told.get(part) != "ok")


def _old(path: Path, seconds: float) -> str:
    # Some databases of this kind add an ending to the name they are given.
    written = [each.stat().st_mtime for each in path.parent.glob(f"{path.name}*")]
    return "" if written and time.time() - max(written) < seconds else f"{path} was not written for {seconds:g} s"


if __name__ == "__main__":
    words = main(sys.argv[1:])
    sys.stdout.write(words + "\n" if words else "")
    sys.exit(1 if words else 0)
