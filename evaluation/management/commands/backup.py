"""Back everything up, or look whether a backup is whole."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.backup import Backup, BackupRefused, check_content, make_backup, opened


class Command(BaseCommand):
    help = "备份全部数据到一个新的文件夹或 .tar 文件，不用停止平台；--verify 检查已有的备份"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path, help="新的文件夹，或以 .tar 结尾的新文件")
        parser.add_argument("--verify", action="store_true", help="不做备份，只检查这一份是否完整、与清单相符")

    def handle(self, *args: Any, target: Path, verify: bool, **options: Any) -> None:
        try:
            if verify:
                self.verify(target)
                return
            made = make_backup(target)
        except (BackupRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"已备份到 {target}")
        self.tell(made)
        if made.inventory.faults:
            raise CommandError("\n".join(["备份已做，但数据在备份之前就有问题：", *made.inventory.faults]))

    def verify(self, target: Path) -> None:
        """Say whether an existing backup is whole."""
        with opened(target) as kept:
            faults = check_content(kept)
            if faults:
                raise CommandError("\n".join(["备份与清单不符：", *faults]))
            self.stdout.write(f"备份完整，{kept.made_at} 所做。")
            self.tell(kept)

    def tell(self, backup: Backup) -> None:
        """What a backup holds, in a few lines worth keeping elsewhere."""
        holds = backup.inventory
        self.stdout.write(f"  {len(holds.tables)} 张表，{sum(holds.tables.values())} 行")
        self.stdout.write(f"  文件 {holds.files} 个，{holds.files_bytes} 字节")
        self.stdout.write(f"  留痕 {holds.events} 条，链头 {holds.events}:{holds.head}")
        self.stdout.write(f"  清单散列值 {backup.sha256}（请另行保存，恢复前核对）")
