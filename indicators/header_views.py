"""Doors to the page on which a county says how unknown headers are read."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from indicators import header_mapping
from indicators.catalogue import FIELD_BY_KEY
from indicators.header_mapping import MappingRefused, UnknownHeader
from indicators.models import Submission
from schools.models import County

#: What a select sends for a column that is not used, and for one that is left open.
NOT_USED, OPEN = "-", ""
_LONGEST_NUMBER = 18


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def headers(request: HttpRequest) -> HttpResponse:
    """The unknown headers of the newest version with a choice for each, and the mappings that are remembered."""
    county = _own_county(request)
    version = header_mapping.newest_version(county)
    if request.method == "POST" and _save(request, county):
        return redirect("headers")
    unknown = header_mapping.unknown_headers(version) if version is not None else ()
    context = {
        "county": county,
        "version": version,
        "lines": [(each, _chosen(each, request.POST)) for each in unknown],
        "fields": header_mapping.fields_to_find(version) if version is not None else (),
        "remembered": [(m, FIELD_BY_KEY.get(m.key)) for m in header_mapping.mappings_of(county)],
        "why_not": header_mapping.why_not_map(request.user, county.code),
        "why_not_reread": header_mapping.why_not_reread(version) if version is not None else "",
    }
    return render(request, "indicators/headers.html", context)


@require_POST
def header_forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one mapping."""
    mapping = get_object_or_404(header_mapping.mappings_of(_own_county(request)), pk=pk)
    try:
        header_mapping.forget_mapping(request.user, mapping)
    except MappingRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"已删除“{mapping.header}”的对应关系。已读取的版本不变，重新读取后才有变化。")
    return redirect("headers")


def _save(request: HttpRequest, county: County) -> bool:
    """Save what the form says and tell the person; False where it was refused, so that what was chosen stands again."""
    number = request.POST.get("version", "")
    pk = int(number) if number.isdecimal() and len(number) <= _LONGEST_NUMBER else 0
    version = get_object_or_404(Submission, pk=pk, county=county)
    choices: dict[str, str | None] = {}
    for header in header_mapping.unknown_headers(version):
        choice = request.POST.get(f"key-{header.cell}")
        if choice is not None:
            choices[header.plain] = None if choice == OPEN else choice.removeprefix(NOT_USED)
    try:
        changed = header_mapping.save_mappings(request.user, version, choices)
    except MappingRefused as refusal:
        messages.error(request, str(refusal))
        return False
    words = f"已保存 {changed} 处，以后本县上传的文件都按此读取。" if changed else "没有改动。"
    messages.success(request, f"{words}第 {version.version} 版要按新的对应读取，请点“重新读取”。" if changed else words)
    return True


def _chosen(header: UnknownHeader, posted: QueryDict) -> str:
    """What stands in the select of a header: what was just sent, else what is remembered."""
    if (sent := posted.get(f"key-{header.cell}")) is not None:
        return sent
    if header.remembered is None:
        return OPEN
    return header.remembered.key or NOT_USED


def _own_county(request: HttpRequest) -> County:
    """The county of whoever asks; for everybody else there is no such page."""
    county = County.objects.select_related("parent__parent").filter(pk=request.user.place_id).first()
    if county is None or not header_mapping.can_see_headers(request.user, county.code):
        raise Http404
    return county
