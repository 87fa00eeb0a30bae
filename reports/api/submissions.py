"""Doors for a county's own programs, and for whoever reviews: the same people, permissions and acts as on the pages.
Signing, reviewing and deciding are not here: a person does that, on a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.exceptions import NotFound, PermissionDenied, UnsupportedMediaType, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from evaluation import actions
from evaluation.core.verdict import not_judged
from evaluation.forms import UploadForm
from evaluation.models import Job, JobState, Verdict
from evaluation.permissions import why_not_upload
from evaluation.queries import (
    DEFAULT_STANDARD,
    default_standard,
    job_of,
    submissions_visible_to,
    verdict_of,
    waiting_before,
)
from evaluation.standards import parsed_standard
from evaluation.taking_away import about_version, record_download
from indicators.models import ReportedProblem, Submission
from reports.api.doors import FILTERED, OwnDoor, Pages, described
from reports.api.errors import NotReady, SetAside, TooLarge
from reports.api.filters import ProblemFilter, SubmissionFilter
from reports.api.shapes_submissions import (
    AccountSerializer,
    JobSerializer,
    ProblemSerializer,
    SubmissionResultSerializer,
    SubmissionSerializer,
    UploadSerializer,
    VerdictFileSerializer,
)
from reports.api.told_submissions import (
    PROBLEM_FIELDS,
    account_told,
    job_told,
    problems_told,
    submission_told,
    version_told,
)
from reports.downloads import annotated_file
from schools.models import ApiToken, County
from schools.queries import current_school_year

_TAG = "填报（须带令牌）"
_NUMBER = OpenApiParameter(
    "id",
    {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    OpenApiParameter.PATH,
    description="版本的编号。",
    examples=[OpenApiExample("示例", value=1)],
)
_LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="查看处理进度的地址。", response=[202]
)
#: What a request holds beside the file itself.
_ENVELOPE = 64 * 1024


class OnlyForms(MultiPartParser):
    """A form with a file; a request that announces more than is taken in is refused before it is read."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The fields and the file. Raises TooLarge."""
        announced = str((parser_context or {})["request"].META.get("CONTENT_LENGTH") or "0")
        if announced.isdecimal() and int(announced) > settings.UPLOAD_LIMIT + _ENVELOPE:
            raise TooLarge(f"文件超过上限 {settings.UPLOAD_LIMIT // 1024**2} MB。请删除图片和多余的工作表后再上传。")
        return super().parse(stream, media_type, parser_context)


class Account(OwnDoor):
    """Whose token it is."""

    serializer_class = AccountSerializer

    @described(
        _TAG, "令牌是谁的", "身份、地区和令牌到期时间；可以用来检查令牌是否有效。", AccountSerializer,
        is_open=False, name="account",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The person, and the token where one was brought."""
        token = request.auth if isinstance(request.auth, ApiToken) else None
        return Response(self.get_serializer(account_told(request.user, token)).data)


class Submissions(OwnDoor):
    """The versions a person may see; and taking one in."""

    serializer_class, filterset_class, pagination_class = SubmissionSerializer, SubmissionFilter, Pages
    filter_backends = FILTERED
    parser_classes = (OnlyForms,)
    http_method_names = ["get", "head", "post", "options"]

    def get_queryset(self) -> QuerySet[Submission]:
        """What the person may see, without the documents of the verdicts."""
        newest = Job.objects.filter(submission=OuterRef("pk")).order_by("-pk").values("state")[:1]
        verdicts = Verdict.objects.filter(standard_id=DEFAULT_STANDARD).defer("document")
        found = submissions_visible_to(self.request.user).select_related("county__parent__parent")
        return found.annotate(job_state=Subquery(newest)).prefetch_related(Prefetch("verdicts", verdicts))

    @described(
        _TAG, "填报版本", "您看得到的版本，新的在前：填报县是本县全部，复核和评估人员是已签报给您的。",
        SubmissionSerializer(many=True), is_open=False, name="submissions_list",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """One page of versions."""
        return self.answer_page(self.filter_queryset(self.get_queryset()))

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """Each in a line."""
        return [submission_told(each, each.job_state, next(iter(each.verdicts.all()), None)) for each in found]

    @described(
        _TAG, "上传工作簿",
        "与网页上传相同：本县填报员上传本学年的全部学校，收下即回答，随后排队处理。与最新一版完全相同的文件不另成一版，"
        "回答的是那一版。只含部分学校的文件、签报、复核和审定只能由本人在网页办理。",
        {202: OpenApiResponse(SubmissionSerializer, description="已收下。")},
        is_open=False, errors=(413, 415), name="submissions_upload", request={"multipart/form-data": UploadSerializer},
        parameters=[_LOCATION],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Take a workbook in; it is judged afterwards."""
        county = County.objects.select_related("parent__parent").filter(pk=request.user.place_id).first()
        if county is None or (reason := why_not_upload(request.user, county)):
            raise PermissionDenied("只有本县的填报员可以上传数据。" if county is None else reason)
        if not (request.content_type or "").startswith("multipart/form-data"):
            raise UnsupportedMediaType(request.content_type or "")
        file = _checked_file(request)
        taken = actions.upload_workbook(request.user, county, current_school_year(), file.name, file.read())
        job = job_of(taken)
        told = submission_told(taken, job.state if job else None, verdict_of(taken))
        headers = {"Location": reverse("api_job", [taken.pk], request=request)}
        return Response(self.get_serializer(told).data, status=HTTPStatus.ACCEPTED, headers=headers)


def _checked_file(request: Request) -> Any:
    """The file, as the page would take it. Raises TooLarge and ValidationError."""
    if unknown := sorted(set(request.data) - {"file", "csrfmiddlewaretoken"}):
        shown = "".join(char for char in unknown[0] if char.isprintable())[:40]
        raise ValidationError({shown or "字段": "没有这个字段，只有 file。"})
    form = UploadForm({}, request.FILES)
    if form.is_valid():
        return form.cleaned_data["file"]
    words = str(form.errors["file"][0])
    sent = request.FILES.get("file")
    if sent is not None and (sent.size or 0) > settings.UPLOAD_LIMIT:
        raise TooLarge(words)
    raise ValidationError({"file": words})


class OneVersion(OwnDoor):
    """A view of one version; whoever may not see it is told that there is none."""

    def version(self, pk: int) -> Submission:
        """The version."""
        visible = submissions_visible_to(self.request.user).select_related("county__parent__parent")
        return get_object_or_404(visible, pk=pk)

    def record(self, what: str, version: Submission) -> None:
        """Record that the person is given something of a version."""
        record_download(self.request.user, what, about_version(version))


class SubmissionResult(OneVersion):
    """One version: where its job stands, and, once it is done, what was found."""

    serializer_class = SubmissionResultSerializer

    @described(
        _TAG, "一个版本", "处理到了哪一步；处理完以后还有结论和全部问题。只等结果时请查询进度，它不留痕。",
        SubmissionResultSerializer, is_open=False, name="submission", parameters=[_NUMBER],
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """The version with its result; that it was taken away is an event."""
        submission = self.version(pk)
        job, verdict = job_of(submission), verdict_of(submission)
        told = version_told(submission, job, verdict)
        if verdict is not None:
            self.record("接口结果", submission)
        return Response(self.get_serializer(told).data)


class SubmissionJob(OneVersion):
    """Where the job of a version stands."""

    serializer_class = JobSerializer

    @described(_TAG, "处理进度", "建议每隔几秒查询一次，直到 is_over 为 true。", JobSerializer, is_open=False,
               name="submission_job", parameters=[_NUMBER])  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """The stage the job is at."""
        job = job_of(self.version(pk))
        return Response(self.get_serializer(job_told(job, waiting_before(job))).data)


class SubmissionProblems(OneVersion):
    """The problems of a version."""

    read_version: Submission | None = None
    serializer_class, filterset_class, pagination_class = ProblemSerializer, ProblemFilter, Pages
    filter_backends = FILTERED

    def get_queryset(self) -> QuerySet[Any]:
        """In the order in which they were found."""
        if self.read_version is None:
            return ReportedProblem.objects.none()  # the OpenAPI document is made of no version
        return self.read_version.problems.order_by("position").values(*PROBLEM_FIELDS)

    @described(
        _TAG, "数据问题", "按发现的顺序。处理完以前是空的。", ProblemSerializer(many=True), is_open=False,
        name="submission_problems_list", parameters=[_NUMBER],
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """One page of problems; that they were taken away is an event."""
        self.read_version = self.version(pk)
        answer = self.answer_page(self.filter_queryset(self.get_queryset()))
        if answer.data["count"]:
            self.record("接口问题清单", self.read_version)
        return answer


def _check_read(submission: Submission) -> None:
    """Raises NotReady while a version waits, SetAside where waiting does not help."""
    if submission.read_at is not None:
        return
    job = job_of(submission)
    raise SetAside if job is not None and job.state == JobState.SET_ASIDE else NotReady


class SubmissionVerdict(OneVersion):
    """The verdict of a version."""

    serializer_class = VerdictFileSerializer

    @described(
        _TAG, "结论文件", "与命令 manage.py judge --json 的输出同样的结构。处理完以前是 409。", VerdictFileSerializer,
        is_open=False, errors=(409,), name="submission_verdict", parameters=[_NUMBER],
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """What was found, whole; that it was taken away is an event."""
        submission = self.version(pk)
        _check_read(submission)
        verdict = verdict_of(submission)
        result = not_judged(parsed_standard(default_standard())) if verdict is None else json.loads(verdict.document)
        self.record("接口结论", submission)
        return Response(result | {"problems": problems_told(submission)})


class SubmissionAnnotated(OneVersion):
    """The file of a version with its problems marked."""

    serializer_class = None
    #: What the event says was taken away.
    records_download = "标注后的工作簿"

    @described(
        _TAG, "标注后的工作簿", "在上传的文件上标出每处问题的 .xlsx。CSV 文件不能标注，是 403。",
        {(200, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"): OpenApiTypes.BINARY},
        is_open=False, name="submission_annotated", parameters=[_NUMBER], errors=(409,),
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """The marked file; that it was taken away is an event."""
        submission = self.version(pk)
        _check_read(submission)
        if submission.file.cleared_at is not None:
            raise NotFound("这个文件没有被接收，保存期已过，文件已清除。")
        answer = annotated_file(submission)
        self.record(self.records_download, submission)
        return answer
