"""Doors of the chief to what documents are filled into."""

from __future__ import annotations

from http import HTTPStatus
from io import BytesIO

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from evaluation.document_making import DocumentKind
from evaluation.document_templates import (
    LARGEST_TEMPLATE,
    TemplateRefused,
    reset_template,
    set_template,
    template_content,
    templates_of,
)
from evaluation.documents import has_maker
from evaluation.documents_section import NO_MAKER
from evaluation.permissions import Refused, why_not_tend_documents
from evaluation.taking_away import of_all_counties, records_download

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class TemplateForm(forms.Form):
    """A template to be taken in."""

    file = forms.FileField(
        label="自己的模板（.docx）",
        help_text=f"在下载的模板上修改文字和版式，占位符保持原样。最大 {LARGEST_TEMPLATE // 1024 // 1024} MB。",
        widget=forms.ClearableFileInput(attrs={"accept": ".docx"}),
    )


def _check(request: HttpRequest) -> None:
    if why_not_tend_documents(request.user):
        raise Http404


def _kind(named: str) -> DocumentKind:
    if named not in set(DocumentKind):
        raise Http404
    return DocumentKind(named)


@require_safe
@never_cache
def document_templates(request: HttpRequest) -> HttpResponse:
    """The template of every kind of document: the default, or the province's own."""
    _check(request)
    return _templates_page(request)


def _templates_page(request: HttpRequest, refused: TemplateRefused | None = None, kind: str = "") -> HttpResponse:
    form = TemplateForm(auto_id=False)
    context = {
        "lines": templates_of(request.user.place),
        "form": form,
        "refused": refused,
        "refused_kind": kind,
        "no_maker": "" if has_maker() else NO_MAKER,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused is not None else HTTPStatus.OK
    return render(request, "evaluation/document_templates.html", context, status=status)


@require_safe
@never_cache
@records_download("文件模板", of_all_counties)
def document_template(request: HttpRequest, kind: str) -> HttpResponse | FileResponse:
    """A template to be edited in Word: the one that counts, or the default."""
    _check(request)
    found, is_default = _kind(kind), "default" in request.GET
    if not has_maker():
        messages.error(request, NO_MAKER)
        return redirect("document_templates")
    content = template_content(request.user.place_id, found, is_default=is_default)
    name = f"{found.label}_{'默认' if is_default else '现用'}模板.docx"
    return FileResponse(BytesIO(content), as_attachment=True, filename=name, content_type=_DOCX)


@require_POST
def document_template_set(request: HttpRequest, kind: str) -> HttpResponse:
    """Take in a template; everything that is wrong with it is listed at once."""
    _check(request)
    found, form = _kind(kind), TemplateForm(request.POST, request.FILES)
    if not form.is_valid():
        return _templates_page(request, TemplateRefused(["请选择一个 .docx 文件。"]), kind)
    file = form.cleaned_data["file"]
    try:
        if file.size > LARGEST_TEMPLATE:
            raise TemplateRefused([f"文件超过 {LARGEST_TEMPLATE // 1024 // 1024} MB。"])
        set_template(request.user, found, file.name, file.read())
    except TemplateRefused as refusal:
        return _templates_page(request, refusal, kind)
    messages.success(request, f"{found.label}的模板已保存，今后制作的文件使用它；以前制作的不变。")
    return redirect("document_templates")


@require_POST
def document_template_reset(request: HttpRequest, kind: str) -> HttpResponse:
    """Let the default count again."""
    _check(request)
    found = _kind(kind)
    try:
        reset_template(request.user, found)
        messages.success(request, f"{found.label}已恢复默认模板。")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("document_templates")
