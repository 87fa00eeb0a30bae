"""Check a certificate without the portal: the hash of its record, and that its PDF carries the same."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.certificate_file import NoRecord, read_any
from evaluation.verifying import check_offline


class Command(BaseCommand):
    help = "离线核验证书：记录的散列值，以及 PDF 与记录是否一致（不需要数据库）"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("record", type=Path, help="证书记录（JSON），或证书 PDF")
        parser.add_argument("--pdf", type=Path, help="证书 PDF，核对它所附的记录")

    def handle(self, *args: Any, record: Path, pdf: Path | None, **options: Any) -> None:
        try:
            found = read_any(record.read_bytes())
            attached = read_any(pdf.read_bytes()) if pdf is not None else None
        except (NoRecord, OSError) as error:
            raise CommandError(str(error)) from error
        if wrong := check_offline(found, attached):
            raise CommandError("\n".join(wrong))
        self.stdout.write(f"{found.says('number')}（{found.says('code')}）")
        self.stdout.write(f"记录散列值 {found.sha256}，与文件所写一致{'，PDF 所附记录相同' if attached else ''}。")
        self.stdout.write(f"证书现在是否有效，请查询 {found.says('status_url')}")
