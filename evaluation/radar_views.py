"""Door to the radar: start a scan."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evaluation import radar
from evaluation.models import RadarScan
from evaluation.permissions import Refused, why_not_scan
from evaluation.radar_forms import RadarForm

_SCANS_LISTED = 20


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def radar_desk(request: HttpRequest) -> HttpResponse:
    """The form, and the scans so far; why none can be started stands above the form."""
    if why_not_scan(request.user):
        raise Http404
    form = RadarForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            scan = radar.start_scan(request.user, form.cleaned_data["school_year"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("radar_scan", pk=scan.pk)
    scans = RadarScan.objects.select_related("requested_by", "job")[:_SCANS_LISTED]
    return render(request, "evaluation/radar.html", {"form": form, "scans": scans})
