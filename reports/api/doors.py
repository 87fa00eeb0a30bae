"""What every view of the interface shares: who may come, which parameters there are, pages, and kept answers."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reports.api.errors import open_to_any_origin
from reports.api.kept import KEPT_SECONDS, etag_of, kept_answer
from reports.api.shapes import ErrorSerializer
from reports.api.throttles import PublicRate, RefusedRate, TokenRate, UploadRate

_PAGE_SIZE, _MOST_A_PAGE, _LAST_PAGE = 50, 200, 100_000
_PART = re.compile(r"[0-9A-Za-z-]{1,60}")
_WHOLE = re.compile(r"[0-9]{1,6}")
_ERRORS = {
    400: "参数或内容有误：哪一个、错在哪里见 fields。",
    401: "没有带令牌，或令牌已失效。",
    403: "看得到，但现在不能这样做：原因见 detail。",
    404: "没有这条记录；您无权看到的也一样。",
    405: "这个地址不支持这种请求方法。",
    406: "接口只返回 JSON。",
    409: "还没有结果：code 为 not_ready 时还在处理，稍后再试；为 set_aside 时处理已搁置，须由本县人员在网页重新处理。",
    413: "文件超过上限。",
    415: "内容类型不是 multipart/form-data。",
    429: "请求太频繁；Retry-After 头是要等的秒数。",
}
_OPEN_ERRORS, _OWN_ERRORS = (400, 404, 405, 406, 429), (400, 401, 403, 404, 405, 406, 429)


class Pages(PageNumberPagination):
    """Pages by number, in an order that does not change. A page there is not is a 404, a number that is none a 400."""

    page_size, max_page_size, page_size_query_param = _PAGE_SIZE, _MOST_A_PAGE, "page_size"

    def get_page_size(self, request: Request) -> int:
        """How many on a page."""
        return _whole(request, "page_size", _PAGE_SIZE, _MOST_A_PAGE)

    def get_page_number(self, request: Request, paginator: object) -> int:
        """Which page."""
        return _whole(request, "page", 1, _LAST_PAGE)

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        """The rows of the page asked for. Raises NotFound beyond the last one."""
        try:
            found: list[Any] | None = super().paginate_queryset(queryset, request, view)
        except NotFound:
            raise NotFound("没有这一页：页码超过了最后一页。") from None
        return found

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Both parameters as they are checked."""
        page = {"type": "integer", "minimum": 1, "maximum": _LAST_PAGE, "default": 1}
        size = {"type": "integer", "minimum": 1, "maximum": _MOST_A_PAGE, "default": _PAGE_SIZE}
        return [
            {"name": "page", "in": "query", "required": False, "description": "第几页，从 1 开始。", "schema": page},
            {"name": "page_size", "in": "query", "required": False, "description": "每页多少条。", "schema": size},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The envelope of a page."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "minimum": 0, "description": "一共多少条。"},
                "next": link | {"description": "下一页的地址；没有下一页为 null。"},
                "previous": link | {"description": "上一页的地址；没有上一页为 null。"},
                "results": schema,
            },
        }


def _whole(request: Request, name: str, default: int, most: int) -> int:
    typed = request.query_params.get(name)
    if typed is None:
        return default
    if not _WHOLE.fullmatch(typed) or not 1 <= int(typed) <= most:
        raise ValidationError({name: f"应为 1 到 {most} 的整数。"})
    return int(typed)


FILTERED = (DjangoFilterBackend,)


class Door(GenericAPIView):
    """A view that knows its parameters: one it does not know, or an empty one, is refused rather than overlooked, lest
    a mistyped filter give everything."""

    filter_backends: ClassVar[tuple[type[DjangoFilterBackend], ...]] = ()
    pagination_class: ClassVar[Any] = None
    filterset_class: ClassVar[Any] = None
    #: Parameters beside those of filters and pages.
    more_parameters: ClassVar[Sequence[str]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who asks, how often, and whether the parameters are known."""
        super().initial(request, *args, **kwargs)
        if any(isinstance(part, str) and not _PART.fullmatch(part) for part in kwargs.values()):
            # No code of anything looks like this; a database need not be asked.
            raise Http404
        self._check_parameters(request)

    def _check_parameters(self, request: Request) -> None:
        known = set(self.more_parameters)
        known |= set(self.filterset_class.base_filters) if self.filterset_class is not None else set()
        known |= {"page", "page_size"} if self.pagination_class is not None else set()
        wrong = {name: "没有这个参数。" for name in request.query_params if name not in known}
        wrong |= {name: "不是有效的 UTF-8 文字。" for name, value in request.query_params.items() if "\ufffd" in value}
        wrong |= {name: "没有值；不需要就不要带。" for name, value in request.query_params.items() if not value}
        if wrong:
            few = dict(sorted(wrong.items())[:5])
            raise ValidationError({_shown(name): f"{words}可用：{_listed(known)}" for name, words in few.items()})

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """The rows of a page as they are answered."""
        return found

    def answer_page(self, rows: Any) -> Response:
        """One page of rows, described by the serializer of the view."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(self.told(page or ()), many=True).data)


def _shown(name: str) -> str:
    return "".join(char for char in name if char.isprintable())[:40] or "参数"


def _listed(known: set[str]) -> str:
    return "、".join(sorted(known)) + "。" if known else "没有参数。"


class OpenDoor(Door):
    """An open answer: the same for everybody, so that nobody is asked who they are."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (PublicRate,)
    http_method_names: ClassVar[list[str]] = ["get", "head", "options"]


class OwnDoor(Door):
    """An answer for the person of a token or of a session."""

    throttle_classes = (TokenRate, UploadRate)
    http_method_names: ClassVar[list[str]] = ["get", "head", "options"]

    def perform_authentication(self, request: Request) -> None:
        """Who asks; an address that keeps bringing tokens that do not work is not looked at for a while."""
        if "Authorization" not in request.headers:
            return super().perform_authentication(request)
        refused = RefusedRate()
        if not refused.has_room(request, self):
            self.throttled(request, refused.wait() or 1)
        try:
            return super().perform_authentication(request)
        except AuthenticationFailed:
            refused.allow_request(request, self)
            raise

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Nobody between here and there keeps a copy."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer


class OpenList(OpenDoor):
    """A list of an open answer."""

    pagination_class = Pages

    def get(self, request: Request, **said: str) -> Response:
        """One page, filtered."""
        return self.answer_page(self.filter_queryset(self.get_queryset()))


# ── The addresses of open answers ─────────────────────────────────────────────────────────────

View = Callable[..., HttpResponse]


def public(door: type[OpenDoor], *, is_kept: bool = True) -> View:
    """The view of an open door: kept for a minute for everybody, with an ETag, and open to scripts of any site. What
    changes by the day's decisions (公示) is not kept."""
    made = door.as_view()

    @functools.wraps(made)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        def make() -> HttpResponse:
            answer = made(request, *args, **kwargs)
            return answer.render() if isinstance(answer, Response) and not answer.is_rendered else answer

        # Only what everybody would be given is kept: who asks for another type is told so by the view.
        is_for_all = is_kept and request.accepts("application/json")
        answer = kept_answer(request, make) if is_for_all else make()
        return open_to_any_origin(_with_etag(request, answer))

    return view


def _with_etag(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """An answer that is not kept: it is asked for each time, but need not travel twice."""
    if "ETag" in answer.headers or answer.status_code == HTTPStatus.NOT_MODIFIED:
        return answer
    answer.headers["Cache-Control"] = "no-cache"
    if answer.status_code != HTTPStatus.OK:
        return answer
    answer.headers["ETag"] = etag_of(answer.content)
    return get_conditional_response(request, etag=answer.headers["ETag"], response=answer) or answer


def one_or_404(found: Any) -> Any:
    """What was found, or the answer that there is none."""
    if found is None:
        raise Http404
    return found


# ── How a door is told of in the OpenAPI document ─────────────────────────────────────────────


def described(
    tag: str,
    summary: str,
    description: str,
    answers: Mapping[int | tuple[int, str], Any] | serializers.BaseSerializer | type[serializers.BaseSerializer],
    *,
    is_open: bool = True,
    errors: Sequence[int] = (),
    parameters: Sequence[OpenApiParameter] = (),
    name: str = "",
    **more: Any,
) -> Callable[[Any], Any]:
    """The words about one method of a door, with every refusal it can give."""
    shapes = dict(answers) if isinstance(answers, Mapping) else {200: answers}
    told: dict[Any, Any] = dict(shapes)
    for code in sorted({*(_OPEN_ERRORS if is_open else _OWN_ERRORS), *errors}):
        told[code] = OpenApiResponse(ErrorSerializer, description=_ERRORS[code])
    kept = f"回答最多保留 {KEPT_SECONDS} 秒，带 ETag。" if is_open and more.pop("is_kept", True) else ""
    return extend_schema(
        tags=[tag],
        operation_id=name or None,
        summary=summary,
        description=" ".join(filter(None, (description, kept))),
        responses=told,
        parameters=list(parameters),
        auth=[] if is_open else None,
        **more,
    )


def in_path(name: str, words: str, pattern: str, example: str) -> OpenApiParameter:
    """A part of an address."""
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    examples = [OpenApiExample("示例", value=example)]
    return OpenApiParameter(name, schema, OpenApiParameter.PATH, description=words, examples=examples)
