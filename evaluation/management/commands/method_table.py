"""Write the table of the method into evaluation/README.md, from the list in evaluation/core/method.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from evaluation.core.method import with_method_table

README = Path(__file__).resolve().parents[2] / "README.md"


class Command(BaseCommand):
    help = "把 evaluation/core/method.py 的方法表写入 evaluation/README.md"

    def handle(self, *args: Any, **options: Any) -> None:
        """Rewrite the table where it changed."""
        text = README.read_text(encoding="utf-8")
        fresh = with_method_table(text)
        if fresh != text:
            README.write_text(fresh, encoding="utf-8")
        self.stdout.write("evaluation/README.md 的方法表已更新。" if fresh != text else "方法表没有变化。")
