"""The page of all rules of the intake, open to the public; a province's settings for its own people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from indicators.checks.rules import RULES
from indicators.queries import rule_counts
from indicators.rule_forms import RuleSettingForm
from indicators.rule_settings import province_of, settings_of, severities_in_force
from reports.presenters.open_tables.requirements import rule_tables
from reports.presenters.problems import SEVERITY_MARKS
from reports.presenters.rules import FEWEST_COUNTIES, rule_groups
from reports.public_page import PublicPage, answer
from schools.models import User
from schools.queries import current_school_year
from schools.vocabulary import Party


@require_safe
@never_cache
@login_not_required
def rules(request: HttpRequest, suffix: str = "") -> HttpResponse | FileResponse:
    """Every rule with its level, what it rests on and how often it spoke this school year."""
    year, today = current_school_year(), timezone.localdate()
    context: dict[str, Any] = {
        "school_year_label": f"{year}—{year + 1}学年",
        "rule_count": len(RULES),
        "fewest_counties": FEWEST_COUNTIES,
    }
    own = {}
    if isinstance(request.user, User) and request.user.place is not None:
        province = province_of(request.user.place)
        own = severities_in_force(province, today)
        context |= {
            "province": province,
            "history": [(RULES.get(s.rule), SEVERITY_MARKS[s.severity], s) for s in settings_of(province)],
        }
        if request.user.party == Party.CHIEF:
            context["form"] = _form(request.GET)
    groups = rule_groups(rule_counts(year), own)
    name = context["province"].name if "province" in context else ""
    tables = rule_tables(groups, name, may_set="form" in context)
    about = [("出现次数", f"{context['school_year_label']}各县最新版本合计")]
    return answer(
        request, PublicPage("reports/rules.html", context | {"groups": groups}, tables, "校验规则", about), suffix
    )


def _form(typed: QueryDict) -> RuleSettingForm:
    """The form with what the address carries: the rule that was chosen, or what was typed before a refusal."""
    today = timezone.localdate().isoformat()
    return RuleSettingForm(initial={"in_force_from": today} | {name: typed[name] for name in typed})
