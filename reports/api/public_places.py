"""Open answers about places: provinces with their counts, counties with where they stand, and where everything is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from evaluation.published import certificates_of, counties_published, counts_by_province, published_certificates
from reports.api.doors import FILTERED, OpenDoor, OpenList, described, in_path, one_or_404
from reports.api.filters import CountyFilter
from reports.api.shapes_public import CountyDetailSerializer, CountySerializer, IndexSerializer, ProvinceSerializer
from reports.api.told_public import county_told, province_told, result_told
from schools.models import County
from schools.queries import provinces

TAG = "县和结果"
COUNTY_CODE = in_path("code", "县的六位区划代码。", "[0-9]{6}", "990101")
_ROOMS = ("provinces", "counties", "results", "corrections", "notices", "standards", "submissions")


class Index(OpenDoor):
    """Where everything is."""

    serializer_class = IndexSerializer

    @described("接口", "接口目录", "各部分的地址。", IndexSerializer, name="index")
    def get(self, request: Request) -> Response:
        """The addresses of this version."""
        told = {"name": settings.SPECTACULAR_SETTINGS["TITLE"], "version": settings.SPECTACULAR_SETTINGS["VERSION"]}
        told["guide"], told["document"] = (reverse(name, request=request) for name in ("api_guide", "api_document"))
        told |= {name: reverse(f"api_{name}", request=request) for name in _ROOMS}
        return Response(self.get_serializer(told).data)


class Provinces(OpenList):
    """Provinces in the order of the codes."""

    serializer_class = ProvinceSerializer

    @described(TAG, "各省", "按区划代码排列，不是排名。", ProvinceSerializer(many=True), name="provinces_list")
    def get(self, request: Request) -> Response:
        """One page of provinces with counties."""
        counts = counts_by_province()
        found = [(each, counts[each.pk]) for each in provinces() if counts.get(each.pk) and counts[each.pk].counties]
        return self.answer_page(found)

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """Each with its counts."""
        return [province_told(province, count) for province, count in found]


class Province(OpenDoor):
    """One province."""

    serializer_class = ProvinceSerializer

    @described(
        TAG, "一个省", "县数和各种状态的县数。", ProvinceSerializer, name="province",
        parameters=[in_path("code", "省的六位区划代码。", "[0-9]{6}", "990000")],
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:
        """The counts of one province."""
        found = one_or_404(next((each for each in provinces() if each.pk == code), None))
        return Response(self.get_serializer(province_told(found, counts_by_province()[code])).data)


class Counties(OpenList):
    """Counties in the order of the codes."""

    serializer_class, filterset_class, filter_backends = CountySerializer, CountyFilter, FILTERED

    def get_queryset(self) -> QuerySet[County]:
        """Every county."""
        return counties_published()

    @described(
        TAG, "各县", "全部县级单位，按区划代码排列，不是排名。", CountySerializer(many=True), name="counties_list"
    )
    def get(self, request: Request, **said: str) -> Response:
        """One page of counties."""
        return super().get(request)

    def told(self, found: Sequence[Any]) -> Sequence[Any]:
        """Each with its newest certificate; one query for all of them."""
        newest = published_certificates().in_bulk([each.newest for each in found if each.newest is not None])
        return [county_told(each, newest.get(each.newest)) for each in found]


class CountyResults(OpenDoor):
    """One county with its history."""

    serializer_class = CountyDetailSerializer

    @described(
        TAG,
        "一个县",
        "现在的状态，和公布过的每一个结果。",
        CountyDetailSerializer,
        name="county",
        parameters=[COUNTY_CODE],
    )
    def get(self, request: Request, code: str) -> Response:
        """The county and every result it ever had."""
        county = get_object_or_404(counties_published(), pk=code)
        history = list(certificates_of(code))
        told = county_told(county, history[0] if history else None)
        return Response(self.get_serializer(told | {"results": [result_told(each) for each in history]}).data)
