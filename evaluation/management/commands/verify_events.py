"""Check the chain of events from the first to the last."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluation.certifying import altered_certificates
from evaluation.events import broken_links
from evaluation.models import Event


class Command(BaseCommand):
    help = "核验留痕链：逐条核对散列值，指出第一处断裂；有断裂时退出码为 1"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", help="以前公开的链头，序号:散列值；核对这一条没有被改动")

    def handle(self, *args: Any, head: str | None, **options: Any) -> None:
        if head is not None:
            self.check_head(head)
        broken = next(broken_links(), None)
        if broken is not None:
            raise CommandError(f"留痕链在第 {broken.number} 条断裂：{broken.words}")
        if altered := altered_certificates():
            raise CommandError(f"证书 {altered[0].code} 的记录与公布时的留痕不符，共 {len(altered)} 份。")
        self.stdout.write(f"留痕链完整，共 {Event.objects.count()} 条。")

    def check_head(self, head: str) -> None:
        """Compare one event with what was published of it."""
        number, _, sha256 = head.partition(":")
        if not (number.isascii() and number.isdecimal() and sha256):
            raise CommandError("链头写作 序号:散列值，例如 120:9f86d0…")
        stored = Event.objects.filter(number=int(number)).values_list("sha256", flat=True).first()
        if stored is None:
            raise CommandError(f"没有第 {number} 条留痕：它被删除了，或这个链头不是本平台公开的。")
        if stored != sha256.strip().lower():
            raise CommandError(f"第 {number} 条的散列值是 {stored}，与公开的链头不符：它或它以前的记录被改动过。")
