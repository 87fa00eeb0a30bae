"""Files as they were attached, given back: always to keep, never shown inside the browser."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePath

from django.http import FileResponse

from indicators.evidence_files import CONTENT_TYPES, SUFFIXES
from indicators.models import StoredFile

_SANDBOX = "default-src 'none'; sandbox"


def as_attachment(file: StoredFile, filename: str) -> FileResponse:
    """The file as the type its ending says, which was checked against its content when it came in."""
    suffix = PurePath(filename).suffix.lower().removeprefix(".")
    kind = next(kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes)
    answer = FileResponse(
        BytesIO(file.content), as_attachment=True, filename=filename, content_type=CONTENT_TYPES[kind]
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _SANDBOX
    return answer
