"""Door into the standard laboratory: start a run."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evaluation import laboratory
from evaluation.laboratory_forms import LaboratoryForm
from evaluation.models import LaboratoryRun
from evaluation.permissions import Refused, why_not_laboratory

_RUNS_LISTED = 20


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def laboratory_desk(request: HttpRequest) -> HttpResponse:
    """The form, and the runs so far; what is wrong with a document stands above the form."""
    if why_not_laboratory(request.user):
        raise Http404
    form = LaboratoryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            run = laboratory.start_run(request.user, chosen["before"], form.document(), chosen["school_year"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("laboratory_run", pk=run.pk)
    runs = LaboratoryRun.objects.select_related("before", "requested_by").defer("document", "result")[:_RUNS_LISTED]
    return render(request, "evaluation/laboratory.html", {"form": form, "runs": runs})
