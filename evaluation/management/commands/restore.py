"""Put a backup back, and say whether everything is as it was."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.backup import BackupRefused, opened
from evaluation.backup_restore import missing_migrations, restore


class Command(BaseCommand):
    help = "从备份恢复：先核对备份，再整体替换，最后逐项核对；数据库不是空的时须加 --replace"
    # The tables may be missing, or of another version.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="备份的文件夹或 .tar 文件")
        parser.add_argument("--replace", action="store_true", help="用备份替换数据库中现有的全部内容")
        parser.add_argument("--manifest", metavar="散列值", help="备份时另行保存的清单散列值；不同则不恢复")

    def handle(self, *args: Any, source: Path, replace: bool, manifest: str | None, **options: Any) -> None:
        try:
            with opened(source) as backup:
                if manifest and manifest.strip().lower() != backup.sha256:
                    raise BackupRefused(f"清单的散列值是 {backup.sha256}，与所给的不同：这不是当时那一份备份。")
                different = restore(backup, replace=replace)
        except (BackupRefused, OSError) as error:
            raise CommandError(str(error)) from error
        if different:
            raise CommandError("\n".join(["已恢复，但与备份时不同：", *different]))
        holds = backup.inventory
        self.stdout.write(
            f"已恢复 {backup.made_at} 的备份，逐项核对一致：{len(holds.tables)} 张表 {sum(holds.tables.values())} 行，"
            f"文件 {holds.files} 个，留痕 {holds.events} 条且链条完整，封存触发器 {len(holds.triggers)} 个。"
        )
        for words in holds.faults:
            self.stdout.write(f"备份时已有的问题：{words}")
        if missing := missing_migrations(holds):
            self.stdout.write(f"备份早于本版本，请接着执行 manage.py migrate（{len(missing)} 个迁移）。")
        self.stdout.write("启动平台后执行 manage.py doctor。")
