"""Templates looked at and filled by a process of its own (``filling_child``), from the side that asks.

A province's template is a hostile file until shown otherwise; the default ones go the same way, so that there is one.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from evaluation.document_making import FillingFailed
from reports.documents.placeholders import REQUIRED

_PROJECT = Path(__file__).resolve().parents[2]
_LENGTH = struct.Struct(">Q")
_UNAVAILABLE = "系统繁忙，暂时无法生成文书。请稍后再试。"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing that is put in place of a placeholder: PNG, its width in millimetres, and what it shows in words."""

    png: bytes
    width: int
    alt: str

    def told(self) -> dict[str, Any]:
        """The same as JSON."""
        return {"png": base64.b64encode(self.png).decode(), "width": self.width, "alt": self.alt}


def problems_of_template(
    template: bytes, schema: Mapping[str, Any], required: Sequence[str], sample: Mapping[str, Any],
    pictures: Mapping[str, Picture],
) -> list[str]:  # fmt: skip
    """What keeps a template from being used, in Chinese; it is filled on trial with ``sample``."""
    request = _request("check", template, sample, pictures, "试填")
    # A template is looked at as somebody's, whoever made it.
    return list(_process.ask({**request, "schema": schema, "required": list(required)})["refused"])


def filled(
    template: bytes, facts: Mapping[str, Any], pictures: Mapping[str, Picture], title: str, *, is_own: bool
) -> bytes:
    """The template filled with facts; ``is_own`` says that it is one of the portal. Raises FillingFailed."""
    answer = _process.ask(
        {**_request("fill", template, facts, pictures, title), "is_own": is_own, "required": REQUIRED}
    )
    if "filled" not in answer:
        raise FillingFailed("".join(answer.get("refused") or (_UNAVAILABLE,)))
    return base64.b64decode(answer["filled"])


def _request(
    do: str, template: bytes, facts: Mapping[str, Any], pictures: Mapping[str, Picture], title: str
) -> dict[str, Any]:
    return {
        "do": do,
        "is_own": False,
        "template": base64.b64encode(template).decode(),
        "facts": facts,
        "pictures": {name: picture.told() for name, picture in pictures.items()},
        "title": title,
    }


class _Process:
    """The filling process of this one: started when it is first needed, started anew where it is gone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request. Raises FillingFailed where no process answers."""
        content = json.dumps(request, ensure_ascii=False).encode()
        with self._lock:
            for _ in range(2):
                with contextlib.suppress(OSError, EOFError):
                    return self._answered(content)
                self._end()
        raise FillingFailed(_UNAVAILABLE)

    def _answered(self, content: bytes) -> dict[str, Any]:
        child = self._child
        if child is None or child.poll() is not None:
            self._end()
            child = self._child = _started()
        if child.stdin is None or child.stdout is None:
            raise EOFError
        child.stdin.write(_LENGTH.pack(len(content)) + content)
        child.stdin.flush()
        head = child.stdout.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            raise EOFError
        told: dict[str, Any] = json.loads(child.stdout.read(_LENGTH.unpack(head)[0]))
        return told

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child.wait()

    def leave_to_parent(self) -> None:
        """In a fork of this process: the child is not ours, and our copies of its pipes must not keep it alive."""
        child, self._child, self._lock = self._child, None, Lock()
        if child is not None:
            child.returncode = 0
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    os.close(pipe.fileno())


def _started() -> subprocess.Popen[bytes]:
    # The child gets none of our environment: it has no business with our secrets.
    environment = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
    command = [sys.executable, "-E", "-s", "-X", "utf8", "-m", "reports.documents.filling_child"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_PROJECT, env=environment
    )


_process = _Process()
os.register_at_fork(after_in_child=_process.leave_to_parent)
