"""What waits to be sent, and putting back what was set aside."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evaluation.models import OutboxEntry
from evaluation.outbox import put_back


class Command(BaseCommand):
    help = "查看待发通知；--again 把已搁置的重新排队"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", action="store_true", help="已搁置的通知重新发送")

    def handle(self, *args: Any, again: bool, **options: Any) -> None:
        if again:
            self.stdout.write(f"重新排队 {put_back()} 条")
        for state in OutboxEntry.State:
            self.stdout.write(f"{state.label} {OutboxEntry.objects.filter(state=state).count()} 条")
        for entry in OutboxEntry.objects.filter(state=OutboxEntry.State.SET_ASIDE)[:20]:
            self.stdout.write(f"  {entry.pk} {entry.get_kind_display()} {entry.target}：{entry.error}")
