"""The OpenAPI document of the interface, made from the views; and the same as a list of lines, by which a test sees
that version 1 only grows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from reports.api.errors import open_to_any_origin
from reports.api.kept import kept_answer

DESCRIPTION = """\
公开部分不需要令牌：各省各县的状态、公布的结果、学校明细、更正和撤销、正在公示、评估标准。只有公布的数据，
在校生过少的学校按省的规定不单独列出。

填报部分须带令牌：上传工作簿、查看处理进度、读取问题和结论。令牌在网页“我的账号—接口令牌”创建。
**签报、复核、建议、审定、公示和公布不在接口里**：这些由本人在网页办理。

数字都是完整精度，没有修约；不能核算的是 null，null 从不表示达标。一切拒绝都是同一个形状：detail 说哪里不对、
该怎么办，code 给程序判断。版本 v1 只增加，不改名、不删除。
"""


@lru_cache(maxsize=1)
def openapi_document() -> dict[str, Any]:
    """The document; the same for everybody, made once a process."""
    told: dict[str, Any] = SchemaGenerator(api_version="v1").get_schema(request=None, public=True)
    told["info"] |= {"version": settings.SPECTACULAR_SETTINGS["VERSION"], "description": DESCRIPTION}
    return told


@require_safe
@login_not_required
def api_document(request: HttpRequest) -> HttpResponse:
    """The document as JSON."""

    def make() -> HttpResponse:
        text = json.dumps(openapi_document(), ensure_ascii=False, indent=1)
        return HttpResponse(text, content_type="application/json; charset=utf-8")

    return open_to_any_origin(kept_answer(request, make))


# ── As a list of lines ────────────────────────────────────────────────────────────────────────


def document_lines(document: Mapping[str, Any]) -> list[str]:
    """Everything a program may rely on, a line each, sorted: addresses, parameters, answers, and every field with its
    type. A line that is gone breaks somebody's program."""
    found = set[str]()
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            found |= set(_operation(f"{method.upper()} {path}", told))
    for name, shape in document["components"]["schemas"].items():
        found |= set(_fields(name, shape))
    return sorted(found)


def _operation(name: str, told: Mapping[str, Any]) -> Iterator[str]:
    for parameter in told.get("parameters", ()):
        must = " required" if parameter.get("required") else ""
        if parameter["in"] in ("query", "path"):
            yield f"{name} ? {parameter['name']} {_type(parameter['schema'])}{must}"
    for kind, body in told.get("requestBody", {}).get("content", {}).items():
        yield f"{name} < {kind} {_type(body['schema'])}"
    for status, answer in told["responses"].items():
        for kind, body in answer.get("content", {"": {"schema": {}}}).items():
            yield f"{name} > {status} {kind} {_type(body['schema'])}".rstrip()


def _fields(name: str, shape: Mapping[str, Any]) -> Iterator[str]:
    for value in shape.get("enum", ()):
        yield f"{name} = {value}"
    for field, told in shape.get("properties", {}).items():
        must = " always" if field in shape.get("required", ()) else ""
        yield f"{name}.{field} {_type(told)}{must}"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for joined in ("allOf", "oneOf", "anyOf"):
        if joined in schema:
            return "|".join(_type(each) for each in schema[joined])
    kind = schema.get("type", "any")
    said = "|".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        return f"{said}[{_type(schema['items'])}]"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"{said}{{{_type(schema['additionalProperties'])}}}"
    return said
