"""Addresses of the interface. An address of version 1 stays; fixtures/api/v1.txt lists what programs rely on."""

from django.urls import URLPattern, path

from reports.api import document, guide, public_notices, public_places, public_results, submissions
from reports.api.doors import public

urlpatterns: list[URLPattern] = [
    path("", guide.api_guide, name="api_guide"),
    path("v1/docs/", guide.api_docs, name="api_docs"),
    path("v1/openapi.json", document.api_document, name="api_document"),
    path("v1/", public(public_places.Index), name="api_index"),
    path("v1/provinces/", public(public_places.Provinces), name="api_provinces"),
    path("v1/provinces/<str:code>/", public(public_places.Province), name="api_province"),
    path("v1/counties/", public(public_places.Counties), name="api_counties"),
    path("v1/counties/<str:code>/", public(public_places.CountyResults), name="api_county"),
    path("v1/results/", public(public_results.Results), name="api_results"),
    path("v1/results/<str:code>/", public(public_results.Result), name="api_result"),
    path("v1/results/<str:code>/schools/", public(public_results.ResultSchools), name="api_result_schools"),
    path("v1/results/<str:code>/schools/<str:school>/", public(public_results.ResultSchool), name="api_result_school"),
    path("v1/results/<str:code>/changes/", public(public_results.ResultChanges), name="api_result_changes"),
    path("v1/results/<str:code>/similar/", public(public_results.ResultSimilar), name="api_result_similar"),
    path("v1/corrections/", public(public_results.Corrections), name="api_corrections"),
    path("v1/notices/", public(public_notices.Notices, is_kept=False), name="api_notices"),
    path("v1/notices/<int:pk>/", public(public_notices.NoticeDetail, is_kept=False), name="api_notice"),
    path("v1/standards/", public(public_notices.Standards), name="api_standards"),
    path("v1/standards/<str:code>/", public(public_notices.StandardDetail), name="api_standard"),
    path("v1/account/", submissions.Account.as_view(), name="api_account"),
    path("v1/submissions/", submissions.Submissions.as_view(), name="api_submissions"),
    path("v1/submissions/<int:pk>/", submissions.SubmissionResult.as_view(), name="api_submission"),
    path("v1/submissions/<int:pk>/job/", submissions.SubmissionJob.as_view(), name="api_job"),
    path("v1/submissions/<int:pk>/problems/", submissions.SubmissionProblems.as_view(), name="api_problems"),
    path("v1/submissions/<int:pk>/verdict/", submissions.SubmissionVerdict.as_view(), name="api_verdict"),
    path("v1/submissions/<int:pk>/annotated.xlsx", submissions.SubmissionAnnotated.as_view(), name="api_annotated"),
]
