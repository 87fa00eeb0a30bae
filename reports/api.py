"""Doors for other programs. DRF denies by default; what a person may not see is a 404 here too."""

from __future__ import annotations

import json
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.queries import job_of, submissions_visible_to, verdict_of
from evaluation.taking_away import of_submission, record_download


class SubmissionResult(APIView):
    """One version: where its job stands, and, once it is done, what `manage.py judge --json` would print."""

    def get(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(submissions_visible_to(request.user), pk=pk)
        job, verdict = job_of(submission), verdict_of(submission)
        problems = submission.problems.order_by("position").values(
            "severity", "rule", "sheet", "cell", "school", "header", "found", "message"
        )
        told: dict[str, Any] = {
            "county": submission.county_id,
            "school_year": submission.school_year,
            "version": submission.version,
            "file_sha256": submission.file_id,
            "state": job.state if job else None,
            "stage": job.stage if job else None,
            "result": json.loads(verdict.document) if verdict else None,
            "result_sha256": verdict.sha256 if verdict else None,
            "problems": list(problems),
        }
        if verdict is not None:
            record_download(request.user, "接口结果", of_submission(request._request, {"pk": pk}))
        return Response(told, headers={"Cache-Control": "no-store"})
