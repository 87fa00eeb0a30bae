"""Reads of what the province decided about a county, as the page of decisions shows them. Nothing here tells the
province what the county's own figures are: only what was entered and judged, and, to the county's own desk alone,
whether a relaxation works there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from django.utils import timezone

from evaluation.core.criterion import CRITERION_GROUPS, Criterion
from evaluation.core.decided import Grant
from evaluation.core.relaxation_reasons import unmet_conditions
from evaluation.core.rounding import plain, shown
from evaluation.core.standard import Relaxation, Standard
from evaluation.decision_forms import SURVEY_WORDS, judged_words
from evaluation.decisions import judged_items
from evaluation.models import ItemJudgement, RelaxationGrant, SuppliedResult
from evaluation.permissions import Person, can_see_decisions, can_see_trial
from evaluation.queries import newest_judged, verdict_of
from indicators.catalogue import COUNTY_ITEM_BY_CODE, DECIMAL_SCALE, GRADES
from indicators.queries import school_report_of
from schools.models import County, User

_NOTHING = "—"


@dataclass(frozen=True, slots=True)
class SuppliedView:
    """A result as it was entered: a table of it, and where it comes from."""

    result: SuppliedResult
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class JudgedView:
    """One judgement of an item in words."""

    judgement: ItemJudgement
    words: str
    key: str
    sign: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item judged from evidence: the judgement that counts, and those before it."""

    criterion: Criterion
    now: JudgedView | None
    earlier: tuple[JudgedView, ...]


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Items of one group, and how many of them are judged."""

    name: str
    items: tuple[ItemView, ...]

    @property
    def judged(self) -> int:
        return sum(item.now is not None for item in self.items)


@dataclass(frozen=True, slots=True)
class GrantView:
    """A granted relaxation: ``state`` says where it stands today; ``works`` and ``unmet`` are told to the county's
    own desk alone, empty elsewhere."""

    grant: RelaxationGrant
    words: str
    softens: str
    state: str
    works: str
    unmet: tuple[str, ...]


def supplied_by(county: County, school_year: int) -> dict[str, list[SuppliedView]]:
    """What was entered by the code of the item, the newest first."""
    found: dict[str, list[SuppliedView]] = defaultdict(list)
    results = SuppliedResult.objects.filter(county=county, school_year=school_year).select_related("entered_by")
    for result in results.order_by("-pk"):
        table = _survey_table if result.criterion == "S1" else _monitoring_table
        heads, rows = table(result.figures)
        found[result.criterion].append(SuppliedView(result, heads, rows))
    return found


def _survey_table(figures: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    rows = []
    for whose, prefix in (("计", ""), ("其中：家长", "parents_")):
        counts = [figures.get(prefix + name) for name in SURVEY_WORDS]
        issued, valid, satisfied, *_ = counts
        shares = (_share(valid, issued), _share(satisfied, valid))
        rows.append((whose, *(_NOTHING if count is None else str(count) for count in counts), *shares))
    return ("", *SURVEY_WORDS.values(), "回收率", "满意率"), tuple(rows)


def _share(part: int | None, whole: int | None) -> str:
    return _NOTHING if part is None or not whole else f"{shown(Fraction(part * 100, whole), 1)}%"


def _monitoring_table(figures: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    codes = [code for code in sorted(figures) if code in COUNTY_ITEM_BY_CODE]
    names = {code: COUNTY_ITEM_BY_CODE[code].name.partition("：") for code in codes}
    subjects = tuple(dict.fromkeys(subject for _, _, subject in names.values()))
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for code, (kind, _, subject) in names.items():
        value = figures[code]
        is_grade = not COUNTY_ITEM_BY_CODE[code].kind.is_scaled
        rows[kind][subject] = GRADES[value - 1] if is_grade else plain(Fraction(value, DECIMAL_SCALE), 2)
    return ("", *subjects), tuple((kind, *(told.get(s, _NOTHING) for s in subjects)) for kind, told in rows.items())


def last_monitoring(supplied: Mapping[str, list[SuppliedView]]) -> dict[str, object]:
    """The last entry of the monitoring as the form takes it, to start the next from; empty where there is none."""
    if not supplied.get("Q9"):
        return {}
    figures: Mapping[str, int] = supplied["Q9"][0].result.figures
    return {
        code: plain(Fraction(value, DECIMAL_SCALE), 2) if COUNTY_ITEM_BY_CODE[code].kind.is_scaled else str(value)
        for code, value in figures.items()
    }


def item_groups(county: County, school_year: int, standard: Standard) -> list[ItemGroup]:
    """Every item that inspectors judge, by its group, with what was judged up to now."""
    said: dict[str, list[ItemJudgement]] = defaultdict(list)
    judgements = ItemJudgement.objects.filter(county=county, school_year=school_year).select_related("judged_by")
    for judgement in judgements.order_by("-pk"):
        said[judgement.criterion].append(judgement)
    items = judged_items(standard)
    groups = ((name, [c for c in items if c.group == group]) for group, name in CRITERION_GROUPS.items())
    return [ItemGroup(name, tuple(_item(c, said[c.code]) for c in members)) for name, members in groups if members]


def _item(criterion: Criterion, judgements: list[ItemJudgement]) -> ItemView:
    views = [
        JudgedView(
            each,
            judged_words(criterion, each.is_met),
            "met" if each.is_met else "not_met",
            "✓" if each.is_met else "✗",
        )
        for each in judgements
    ]
    return ItemView(criterion, views[0] if views else None, tuple(views[1:]))


def grant_views(
    user: User, county: County, school_year: int, standard: Standard
) -> tuple[list[GrantView], list[GrantView]]:
    """The relaxations that stand, and those withdrawn."""
    grants = RelaxationGrant.objects.filter(county=county).select_related("school", "approved_by", "withdrawn_by")
    by_code = {relaxation.code: relaxation for relaxation in standard.relaxations}
    names = {i.code: i.short_name for i in standard.indicators} | {c.code: c.name for c in standard.criteria}
    effects = _Effects(county, school_year, standard) if can_see_trial(user, county.code) else None
    standing: list[GrantView] = []
    withdrawn: list[GrantView] = []
    for grant in grants:
        relaxation = by_code.get(grant.relaxation)
        is_gone = grant.withdrawn_at is not None
        works, unmet = ("", ()) if effects is None or is_gone or relaxation is None else effects.of(grant, relaxation)
        view = GrantView(
            grant,
            relaxation.words if relaxation else "",
            f"{relaxation.criterion} {names[relaxation.criterion]}" if relaxation else "",
            _state(grant),
            works,
            unmet,
        )
        (withdrawn if is_gone else standing).append(view)
    return standing, withdrawn


def _state(grant: RelaxationGrant) -> str:
    if grant.withdrawn_at is not None:
        return "已撤回"
    today = timezone.localdate()
    if today < grant.valid_from:
        return "尚未开始"
    return "有效" if today <= grant.valid_until else "已过期，重新核算时不再使用"


class _Effects:
    """Whether grants work in the newest verdict of a county and year."""

    def __init__(self, county: County, school_year: int, standard: Standard) -> None:
        self._standard = standard
        self._version = newest_judged(county, school_year)
        self._verdict = verdict_of(self._version) if self._version is not None else None
        told = json.loads(self._verdict.document).get("relaxations", ()) if self._verdict is not None else ()
        self._works = {(each["relaxation"], each["code"]): each["works"] for each in told}

    def of(self, grant: RelaxationGrant, relaxation: Relaxation) -> tuple[str, tuple[str, ...]]:
        """In words, and the conditions that are not met."""
        if self._version is None or self._verdict is None:
            return "还没有核算结果", ()
        works = self._works.get((grant.relaxation, grant.school_id))
        if works:
            return "已使用", ()
        day = self._verdict.as_of
        if not Grant(grant.relaxation, grant.school_id, grant.valid_from, grant.valid_until).is_valid(day):
            return "未使用", (f"判定日期 {day} 不在有效期内",)
        record = self._version.records.filter(code=grant.school_id).first()
        if record is None:
            return "未使用", (f"第 {self._version.version} 版里没有这所学校",)
        return "未使用", unmet_conditions(relaxation, self._standard, school_report_of(record), day)


def supplied_file_visible_to(user: Person, pk: int) -> SuppliedResult | None:
    """A result with a file, if ``user`` may see what was decided about its county."""
    found = SuppliedResult.objects.select_related("county__parent", "file").filter(pk=pk, file__isnull=False).first()
    return found if found is not None and can_see_decisions(user, found.county) else None


def grant_visible_to(user: Person, pk: int) -> RelaxationGrant | None:
    """A granted relaxation, if ``user`` may see what was decided about its county."""
    found = RelaxationGrant.objects.select_related("county__parent", "school").filter(pk=pk).first()
    return found if found is not None and can_see_decisions(user, found.county) else None


def years_decided(county: County, current: int) -> list[int]:
    """The school years to look at: this one, and those something was entered or judged for; the newest first."""
    years = {current}
    for model in (ItemJudgement, SuppliedResult):
        years |= set(model.objects.filter(county=county).order_by().values_list("school_year", flat=True).distinct())
    return sorted(years, reverse=True)
