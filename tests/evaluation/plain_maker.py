"""A maker of documents for tests of the workflow: files of a few bytes that say what they were made from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluation.document_making import DocumentKind, FillingFailed, PrintingFailed, Seal
from evaluation.models import Evaluation


def word_file(*said: str) -> bytes:
    """A package that begins as a Word file does."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr(zipfile.ZipInfo("word/document.xml"), "\n".join(said))
    return target.getvalue()


@dataclass
class PlainMaker:
    """``named`` takes the place of the schools of the filing. ``batches`` tells of how many files each print was;
    ``on_print`` is called before each."""

    named: Sequence[tuple[str, str]] | None = None
    prints: bool = True
    fails: int = 0
    filled: list[Seal] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    on_print: Callable[[], object] = lambda: None

    def facts(
        self, kind: DocumentKind, evaluation_id: int, school: str = "", verdict_id: int | None = None
    ) -> dict[str, Any]:
        found = Evaluation.objects.select_related("county", "filing").get(pk=evaluation_id)
        filing = found.filing.number if found.filing is not None else ""
        about = {"county": found.county.full_name, "filing": filing, "verdict": verdict_id}
        return {"kind": kind.value, "school": school} | about

    def province_facts(self, province: str, school_year: int) -> dict[str, Any]:
        return {"province": province, "school_year": school_year}

    def schools(self, evaluation_id: int) -> Sequence[tuple[str, str]]:
        if self.named is not None:
            return self.named
        filing = Evaluation.objects.get(pk=evaluation_id).filing
        return list(filing.submission.records.order_by("code").values_list("code", "name")) if filing else []

    def default_template(self, kind: DocumentKind) -> bytes:
        return word_file(f"default {kind.value}")

    def template_problems(self, kind: DocumentKind, content: bytes) -> Sequence[str]:
        if not content.startswith(b"PK\x03\x04"):
            return ["不是 Word 文件（.docx）。", "没有找到占位符“编号”。"]
        return []

    def fill(self, kind: DocumentKind, facts: Mapping[str, Any], template: bytes | None, seal: Seal) -> bytes:
        if template is not None and b"spoiled" in template:
            raise FillingFailed("模板中的“编号”无法填入。")
        self.filled.append(seal)
        told = json.dumps(facts, ensure_ascii=False, sort_keys=True)
        return word_file(told, seal.number, seal.sha256, seal.address, "own" if template else "default")

    def can_print(self) -> bool:
        return self.prints

    def to_pdf(self, documents: Sequence[bytes], report: Callable[[int], None]) -> Sequence[bytes]:
        self.on_print()
        if self.fails:
            self.fails -= 1
            raise PrintingFailed("soffice was killed")
        self.batches.append(len(documents))
        made = []
        for count, document in enumerate(documents, 1):
            made.append(b"%PDF-1.7\n" + document)
            report(count)
        return made
