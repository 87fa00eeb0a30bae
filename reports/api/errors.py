"""Every refusal in one shape: a sentence that says what to do, a code for programs, and the fields it is about."""

from __future__ import annotations

import math
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from evaluation.permissions import Refused

#: What is said where whoever refuses has no words of their own.
_WORDS = {
    "parse_error": "请求的内容不完整或格式不对，没有读懂。上传文件请用 multipart/form-data，文件字段名为 file。",
    "not_authenticated": "请带上令牌：Authorization: Bearer 令牌。令牌在网页“我的账号—接口令牌”创建。",
    "permission_denied": "没有权限这样做。",
    "not_found": "没有这个地址或这条记录。",
    "method_not_allowed": "这个地址不支持这种请求方法，支持的方法见 Allow 头。",
    "not_acceptable": "接口只返回 JSON，请把 Accept 设为 application/json 或不设。",
    "unsupported_media_type": "不接受这种内容类型。上传文件请用 multipart/form-data。",
    "throttled": "请求太频繁，请稍后再试。",
    "error": "请求没有完成。",
}
_OWN_WORDS = (exceptions.PermissionDenied, exceptions.AuthenticationFailed, exceptions.NotFound)


class TooLarge(exceptions.APIException):
    """A file is larger than what is taken in."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class NotReady(exceptions.APIException):
    """What was asked for will be there once the job is done."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "not_ready"
    default_detail = "还在处理，处理完成后才有。请稍后再试。"
    wait = 2


def told_in_words(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to an exception, in the shape and the language of this interface."""
    if isinstance(exception, Refused):
        exception = exceptions.PermissionDenied(str(exception))
    elif isinstance(exception, Http404):
        exception = exceptions.NotFound(_WORDS["not_found"])
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied(_WORDS["permission_denied"])
    elif isinstance(exception, SuspiciousOperation):
        exception = exceptions.ParseError()
    elif isinstance(exception, DjangoValidationError):
        exception = exceptions.ValidationError(serializers.as_serializer_error(exception))
    answer = exception_handler(exception, context)
    if answer is not None and isinstance(exception, exceptions.APIException):
        answer.data = _body(exception)
    return answer


def _body(exception: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exception, exceptions.ValidationError):
        fields = _fields(exception.detail)
        about = "；".join(f"{name}：{words[0]}" for name, words in fields.items())
        return {"detail": f"请求有误。{about}", "code": "invalid", "fields": fields}
    code = exception.default_code
    if isinstance(exception, exceptions.Throttled):
        seconds = math.ceil(exception.wait or 1)
        return {"detail": f"请求太频繁，请 {seconds} 秒后再试。", "code": code}
    if isinstance(exception, exceptions.PermissionDenied) and str(exception.detail).startswith("CSRF"):
        words = "用网页登录的身份发送时须带 CSRF 令牌；程序请用接口令牌。"
        return {"detail": words, "code": "csrf_failed"}
    is_own = isinstance(exception, (*_OWN_WORDS, TooLarge, NotReady))
    words = str(exception.detail) if is_own else _WORDS.get(code, _WORDS["error"])
    return {"detail": words, "code": code}


def _fields(detail: Any) -> dict[str, list[str]]:
    told = detail if isinstance(detail, dict) else {"request": detail}
    listed = {name: words if isinstance(words, list) else [words] for name, words in told.items()}
    return {name: [str(each) for each in words] for name, words in listed.items()}


def refusal(code: str, http_status: int) -> JsonResponse:
    """A refusal in the same shape where no view answers."""
    return JsonResponse(
        {"detail": _WORDS.get(code, _WORDS["error"]), "code": code},
        status=http_status,
        json_dumps_params={"ensure_ascii": False},
    )


def is_for_programs(request: HttpRequest) -> bool:
    """Whether a request is for this interface: its refusals are told as such."""
    return request.path.startswith("/api/v")


def open_to_any_origin(answer: HttpResponse) -> HttpResponse:
    """Let scripts of any site read an open answer; without credentials, which change nothing of it."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
