"""The plans of a county's schools as one archive, the same bytes whenever it is written."""

from __future__ import annotations

import unicodedata
import zipfile
from typing import IO

from evaluation.models import DocumentOrder, IssuedDocument

#: No clock and no machine gets into the archive.
_WHEN = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o644 << 16
_UNIX = 3
_FILES_AT_A_TIME = 8
#: Bytes of a name: file systems take 255, and the school's code and the ending come after it.
_LONGEST_NAME = 150
_FORBIDDEN = frozenset('\\/:*?"<>|')
#: Controls, marks that turn or hide text, surrogates, unassigned: a name shows what it is.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def write_archive(order: DocumentOrder, file: IO[bytes]) -> None:
    """Write every plan of an order, by the name and the code of its school: the PDFs, or the Word files where none
    could be printed. A few files are held at a time."""
    documents = order.documents.select_related("docx", "pdf").order_by("number")
    is_printed = not order.documents.filter(pdf=None).exists()
    taken: set[str] = set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for document in documents.iterator(chunk_size=_FILES_AT_A_TIME):
            name = _unique(document, "pdf" if is_printed else "docx", taken)
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.external_attr, entry.create_system = _PLAIN_FILE, _UNIX
            stored = document.pdf if is_printed and document.pdf is not None else document.docx
            archive.writestr(entry, bytes(stored.content))


def _unique(document: IssuedDocument, suffix: str, taken: set[str]) -> str:
    """Names that differ only in case are one to some systems."""
    stem = f"{safe_name(document.school_name)}_{safe_name(document.school)}"
    name, count = f"{stem}.{suffix}", 1
    while name.casefold() in taken:
        count += 1
        name = f"{stem}_{count}.{suffix}"
    taken.add(name.casefold())
    return name


def safe_name(typed: str) -> str:
    """A name that any system takes for a plain file of the folder it is unpacked in."""
    shown = unicodedata.normalize("NFC", typed)
    kept = "".join(char for char in shown if char not in _FORBIDDEN and unicodedata.category(char) not in _HIDDEN)
    kept = " ".join(kept.split()).strip(". ")
    return kept.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(". ") or "未命名"
