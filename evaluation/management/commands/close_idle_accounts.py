"""Close the accounts nobody uses, by hand or from a timetable of the machine."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from evaluation.people import close_idle_accounts


class Command(BaseCommand):
    help = "停用长期未登录的账号，收回到期的邀请；都写入留痕"

    def handle(self, *args: Any, **options: Any) -> None:
        closed, expired = close_idle_accounts()
        days = settings.ACCOUNT_IDLE_DAYS
        self.stdout.write(f"已停用 {closed} 个超过 {days} 天未登录的账号，收回 {expired} 份到期的邀请。")
