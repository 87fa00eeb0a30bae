"""Pages of a scan of the radar: counts by rule and province, no county named."""

from __future__ import annotations

from io import BytesIO

import pandas as pd
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evaluation.core.radar.rules import INTAKE
from evaluation.models import JobState, RadarScan
from evaluation.permissions import why_not_scan
from evaluation.radar import radar_rules
from evaluation.radar_queries import counted_hits
from evaluation.taking_away import of_all_counties, records_download
from reports import exporters
from reports.presenters.progress import progress
from reports.presenters.radar import name_of_rule, rule_lines, scan_sentence

_COLUMNS = ["省", "规则", "代码", "处数", "其中只计数的", "县数"]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _scan(request: HttpRequest, pk: int) -> RadarScan:
    if why_not_scan(request.user):
        raise Http404
    return get_object_or_404(RadarScan.objects.select_related("requested_by", "job"), pk=pk)


@require_safe
@never_cache
def radar_scan(request: HttpRequest, pk: int) -> HttpResponse:
    """One address: the scan on its way, set aside, or how often each rule points somewhere."""
    scan = _scan(request, pk)
    if scan.finished_at is None:
        is_lost = scan.job.state == JobState.SET_ASIDE
        return render(
            request, "reports/radar_waiting.html", {"scan": scan, "is_lost": is_lost, "progress": progress(scan.job)}
        )
    counted, rules, province = counted_hits(scan), radar_rules(), request.GET.get("province", "")
    everywhere = rule_lines(counted, rules)
    context = {
        "scan": scan,
        "sentence": scan_sentence(scan.submissions, scan.rows, everywhere),
        "lines": rule_lines(counted, rules, province),
        "province": province,
        "provinces": sorted({each.province for each in counted}),
        "rules": [rule for code, rule in rules.items() if code != INTAKE],
        "intake": rules[INTAKE],
    }
    return render(request, "reports/radar_scan.html", context)


@require_safe
@never_cache
@records_download("数据雷达计数表", of_all_counties)
def radar_export(request: HttpRequest, pk: int) -> FileResponse:
    """The counts by province and rule as a table."""
    scan = _scan(request, pk)
    if scan.finished_at is None:
        raise Http404
    rules = radar_rules()
    rows = [
        [each.province, name_of_rule(each.rule, rules), each.rule, str(each.hits), str(each.left_out),
         str(each.counties)]
        for each in counted_hits(scan)
    ]  # fmt: skip
    about = [
        ("学年", f"{scan.school_year}—{scan.school_year + 1}学年"),
        ("扫描", f"第 {scan.pk} 次，{timezone.localtime(scan.finished_at):%Y-%m-%d %H:%M} 完成"),
        ("范围", f"{scan.submissions} 个县，{scan.rows} 所学校"),
        ("说明", "雷达只说明看哪里，不说明谁有错。"),
        *((rule.name, rule.words) for rule in rules.values()),
    ]
    content = exporters.to_xlsx(pd.DataFrame(rows, columns=_COLUMNS, dtype=str), about)
    name = f"数据雷达_{scan.school_year}_第{scan.pk}次.xlsx"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_XLSX)
