"""Static files under names that carry their hash, so that browsers may keep them for ever; what of a wheel is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Hashed names once `collectstatic` has made them; before that, in tests and fresh checkouts, the plain ones."""

    # What a stylesheet refers to takes its new name; the source maps of others' scripts are not served.
    patterns = (("*.css", (r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",)),)

    def stored_name(self, name: str) -> str:
        """The name to link to."""
        return str(super().stored_name(name)) if self.hashed_files else str(self.clean_name(name))


class SwaggerFiles(BaseFinder):
    """The two files of Swagger UI that its page needs, from the wheel that carries them. The wheel holds ten megabytes
    more, which would take minutes to compress at each deployment."""

    prefix, names = "swagger-ui", ("swagger-ui-bundle.js", "swagger-ui.css")

    def __init__(self, *args: Any, **more: Any) -> None:
        folder = Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist"
        self.storage = FileSystemStorage(location=folder)
        self.storage.prefix = self.prefix  # type: ignore[attr-defined]

    def check(self, **more: Any) -> list[Any]:
        """Nothing of it can be set wrongly."""
        return []

    def find(self, path: str, find_all: bool = False, **more: Any) -> Any:
        """Where a file lies; nothing for any other."""
        found = [self.storage.path(name) for name in self.names if path == f"{self.prefix}/{name}"]
        return found if find_all else (found[0] if found else None)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        """Both files."""
        return ((name, self.storage) for name in self.names)
