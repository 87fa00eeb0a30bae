"""Doors into what a county reports: the template it fills in."""

from __future__ import annotations

from io import BytesIO

from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from indicators.queries import registered_schools
from indicators.workbook.template import write_template
from schools.models import County
from schools.queries import current_school_year


@require_safe
def template_download(request: HttpRequest) -> FileResponse:
    """The workbook of this school year for the county of whoever asks; nobody else has one."""
    county = get_object_or_404(County, pk=request.user.place_id)
    year = current_school_year()
    target = BytesIO()
    write_template(
        target,
        school_year=year,
        county_code=county.code,
        county_name=county.name,
        schools=registered_schools(county),
    )
    target.seek(0)
    filename = f"{county.name}_{year}—{year + 1}学年_填报模板.xlsx"
    return FileResponse(target, as_attachment=True, filename=filename)
