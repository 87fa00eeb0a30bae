"""The radar over all counties of a year, on the command line: how often each rule points somewhere."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from evaluation import jobs
from evaluation.actions import run_job
from evaluation.models import JobState, RadarHit
from evaluation.permissions import Refused
from evaluation.radar import start_scan
from schools.queries import current_school_year


class Command(BaseCommand):
    help = "用数据雷达扫描一个学年的全部县，列出每条规则指向的处数；写入一次新的扫描，不改动其他数据"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, default=None, help="学年开始的年份，默认当前学年")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            scan = start_scan(None, options["year"] or current_school_year())
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        job = jobs.claim(scan.job.pk)
        if job is None:
            self.stdout.write(f"第 {scan.pk} 次扫描已由后台处理程序接手，完成后在 /radar/{scan.pk}/ 查看。")
            return
        run_job(job)
        job.refresh_from_db()
        if job.state != JobState.DONE:
            raise CommandError(f"第 {scan.pk} 次扫描没有完成，稍后会自动再试：{job.error}")
        scan.refresh_from_db()
        self.stdout.write(
            f"第 {scan.pk} 次扫描，{scan.school_year} 学年：{scan.submissions:,} 个县，{scan.rows:,} 所学校"
        )
        counts = RadarHit.objects.filter(scan=scan).order_by().values("rule")
        for each in counts.annotate(hits=Count("pk"), counties=Count("submission", distinct=True)).order_by("rule"):
            self.stdout.write(f"  {each['rule']:<26} {each['hits']:>7,} 处，{each['counties']:,} 个县")
