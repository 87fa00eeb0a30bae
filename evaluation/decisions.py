"""The only writers of what the province decides about a county: items judged from evidence, results of the survey and
of the monitoring, relaxations granted to schools. Each is a row of its own with its person and time, and the county's
newest version is judged again in the same transaction."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import PurePath

from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation.core.items import SURVEY_FIGURES
from evaluation.core.standard import Criterion, Relaxation
from evaluation.core.standard import Standard as ParsedStandard
from evaluation.events import record_event
from evaluation.freezing import lock_county
from evaluation.judging import judge_again
from evaluation.models import Evaluation, ItemJudgement, RelaxationGrant, SuppliedResult
from evaluation.permissions import Refused, why_not_grant, why_not_judge_item, why_not_supply
from evaluation.queries import default_standard
from evaluation.standards import parsed_standard
from indicators.actions import store_file
from indicators.catalogue import COUNTY_ITEM_BY_CODE, DECIMAL_SCALE
from indicators.evidence_files import EvidenceRefused, check_evidence_file
from indicators.models import StoredFile
from schools.models import County, School, User

_FILENAME_LENGTH = 200
_LONGEST_OPINION = 2_000
_DAYS_OF_YEAR = 366
_GREATEST_GRADE = 5


def judged_items(standard: ParsedStandard) -> tuple[Criterion, ...]:
    """The items an inspector judges from evidence, in the order of the standard."""
    return tuple(criterion for criterion in standard.criteria if "E" in criterion.basis)


def judge_item(
    user: User, county: County, school_year: int, criterion: str, is_met: bool, opinion: str
) -> ItemJudgement:
    """Record what an inspector found of an item that rests on evidence. Raises Refused."""
    _check(why_not_judge_item(user, county, school_year))
    if criterion not in {item.code for item in judged_items(parsed_standard(default_standard()))}:
        raise Refused("这一项由数据核算或由省级录入，不由督学评定。")
    words = opinion.strip()
    if not words:
        raise Refused("请写明评定意见：看了哪些材料、依据是什么。")
    if len(words) > _LONGEST_OPINION:
        raise Refused(f"评定意见有 {len(words)} 个字，最多 {_LONGEST_OPINION} 个字。")
    with transaction.atomic():
        _check_now(user, county, school_year, why_not_judge_item)
        judgement = ItemJudgement.objects.create(
            county=county, school_year=school_year, criterion=criterion, is_met=is_met, opinion=words, judged_by=user
        )
        judge_again(county, school_year)
        payload = {"criterion": criterion, "is_met": is_met, "judgement": judgement.pk}
        _record("item_judged", user, county, school_year, words, payload)
    return judgement


def supply_survey(
    user: User,
    county: County,
    school_year: int,
    figures: Mapping[str, int],
    document: str,
    issued_on: datetime.date,
    file: tuple[str, bytes] | None = None,
) -> SuppliedResult:
    """Enter the survey of social recognition (S1): numbers of questionnaires and visits by the names of
    core.items.SURVEY_FIGURES; visits may be left out. Raises Refused where the numbers contradict each other."""
    _check(why_not_supply(user, county, school_year))
    if unknown := set(figures) - set(SURVEY_FIGURES):
        raise Refused(f"没有这一项调查结果：{'、'.join(sorted(unknown))}。")
    for who, prefix in (("全部", ""), ("家长", "parents_")):
        own = {
            name.removeprefix(prefix): value
            for name, value in figures.items()
            if name.startswith("parents_") == bool(prefix)
        }
        _check(_contradiction_of_survey(who, own))
    for name, value in figures.items():
        whole = figures.get(name.removeprefix("parents_"))
        if name.startswith("parents_") and whole is not None and value > whole:
            raise Refused(f"家长的数（{value}）不能超过全部的数（{whole}）。")
    return _supply(user, county, school_year, "S1", figures, document, issued_on, file)


def _contradiction_of_survey(who: str, told: Mapping[str, int]) -> str:
    needed = {"issued": "发放问卷", "valid": "有效问卷", "satisfied": "满意问卷"}
    for name, words in needed.items():
        if name not in told:
            return f"请填写{who}的{words}数。"
    if any(value < 0 for value in told.values()):
        return "问卷数和人数不能是负数。"
    if not told["satisfied"] <= told["valid"] <= told["issued"]:
        return f"{who}：满意问卷不能多于有效问卷，有效问卷不能多于发放问卷。"
    if ("visited" in told) != ("visited_satisfied" in told):
        return f"{who}：实地走访人数和其中满意人数要一起填写，没有走访的都不填。"
    if told.get("visited_satisfied", 0) > told.get("visited", 0):
        return f"{who}：走访满意人数不能多于走访人数。"
    return ""


def supply_monitoring(
    user: User,
    county: County,
    school_year: int,
    results: Mapping[str, int | Decimal],
    document: str,
    issued_on: datetime.date,
    file: tuple[str, bytes] | None = None,
) -> SuppliedResult:
    """Enter the State's monitoring (Q9): grades 1–5 and differences between schools by their codes C27–C38, all of
    them. They take the place of what the county reported. Raises Refused."""
    _check(why_not_supply(user, county, school_year))
    criterion = next(c for c in parsed_standard(default_standard()).criteria if c.code == "Q9")
    grades, differences = (criterion.parameters[name].split(",") for name in ("grades", "differences"))
    missing = [COUNTY_ITEM_BY_CODE[code].name for code in (*grades, *differences) if code not in results]
    if missing:
        raise Refused(f"监测结果要一次录全，还缺：{'、'.join(missing)}。")
    stored: dict[str, int] = {}
    for code in grades:
        if not 1 <= int(results[code]) <= _GREATEST_GRADE:
            raise Refused(f"{COUNTY_ITEM_BY_CODE[code].name}应为Ⅰ至Ⅴ。")
        stored[code] = int(results[code])
    for code in differences:
        value = Decimal(results[code]) * DECIMAL_SCALE
        if value != value.to_integral_value() or not 0 <= value <= COUNTY_ITEM_BY_CODE[code].greatest * DECIMAL_SCALE:
            raise Refused(f"{COUNTY_ITEM_BY_CODE[code].name}应为小数，例如 0.12，最多六位小数。")
        stored[code] = int(value)
    return _supply(user, county, school_year, "Q9", stored, document, issued_on, file)


def _supply(
    user: User,
    county: County,
    school_year: int,
    criterion: str,
    figures: Mapping[str, int],
    document: str,
    issued_on: datetime.date,
    file: tuple[str, bytes] | None,
) -> SuppliedResult:
    if not document.strip():
        raise Refused("请写明结果出自哪份文件。")
    if issued_on > timezone.localdate():
        raise Refused("发文日期不能晚于今天。")
    with transaction.atomic():
        _check_now(user, county, school_year, why_not_supply)
        stored, filename = _stored(file) if file is not None else (None, "")
        result = SuppliedResult.objects.create(
            county=county,
            school_year=school_year,
            criterion=criterion,
            figures=dict(figures),
            document=document.strip(),
            issued_on=issued_on,
            file=stored,
            filename=filename,
            entered_by=user,
        )
        judge_again(county, school_year)
        payload = {"criterion": criterion, "figures": dict(figures), "file": result.file_id or "", "result": result.pk}
        _record("result_supplied", user, county, school_year, result.document, payload)
    return result


def grant_relaxation(
    user: User,
    county: County,
    school_year: int,
    school: School,
    relaxation: str,
    valid_from: datetime.date,
    valid_until: datetime.date,
    reason: str,
    file: tuple[str, bytes],
) -> RelaxationGrant:
    """Grant a relaxation of the standard to one school, for a time, with its evidence. Raises Refused."""
    _check(why_not_grant(user, county, school_year))
    found = next((r for r in parsed_standard(default_standard()).relaxations if r.code == relaxation), None)
    if found is None:
        raise Refused("标准中没有这一项过渡规定。")
    if school.county_id != county.code or school.closed_on is not None:
        raise Refused("只能授予本县在办的学校。")
    if not reason.strip():
        raise Refused("请写明授予的理由。")
    _check(_wrong_dates(found, valid_from, valid_until))
    try:
        with transaction.atomic():
            _check_now(user, county, school_year, why_not_grant)
            stored, filename = _stored(file)
            grant = RelaxationGrant.objects.create(
                county=county,
                school=school,
                relaxation=relaxation,
                valid_from=valid_from,
                valid_until=valid_until,
                reason=reason.strip(),
                file=stored,
                filename=filename,
                approved_by=user,
            )
            judge_again(county, school_year)
            payload = {
                "grant": grant.pk,
                "school": school.code,
                "relaxation": relaxation,
                "valid": [valid_from.isoformat(), valid_until.isoformat()],
                "file": stored.pk,
            }
            _record("relaxation_granted", user, county, school_year, grant.reason, payload)
    except IntegrityError:
        raise Refused(f"{school.name}已有有效的 {relaxation}。如需改动，请先撤回原来的。") from None
    return grant


def _wrong_dates(relaxation: Relaxation, valid_from: datetime.date, valid_until: datetime.date) -> str:
    if valid_until < valid_from:
        return "截止日期早于起始日期。"
    if not relaxation.is_in_force(valid_from):
        return f"{relaxation.code} 自 {relaxation.in_force_from} 起施行，起始日期不在施行期内。"
    if relaxation.in_force_until is not None and valid_until > relaxation.in_force_until:
        return f"{relaxation.code} 施行到 {relaxation.in_force_until}，截止日期不能更晚。"
    years = relaxation.parameters.get("plan_years")
    if years is not None and (valid_until - valid_from).days > int(years) * _DAYS_OF_YEAR:
        return f"{relaxation.code} 须有建设规划并在 {years} 年内检查，授予期限不能超过 {years} 年。"
    return ""


def withdraw_relaxation(user: User, grant: RelaxationGrant, school_year: int, because: str) -> None:
    """Withdraw a granted relaxation: it no longer counts, and stays on record. Raises Refused."""
    _check(why_not_grant(user, grant.county, school_year))
    if not because.strip():
        raise Refused("请写明撤回的理由。")
    with transaction.atomic():
        _check_now(user, grant.county, school_year, why_not_grant)
        changed = RelaxationGrant.objects.filter(pk=grant.pk, withdrawn_at=None).update(
            withdrawn_at=timezone.now(), withdrawn_by=user, withdrawn_because=because.strip()
        )
        if not changed:
            raise Refused("这一项过渡规定已经撤回。")
        judge_again(grant.county, school_year)
        payload = {"grant": grant.pk, "school": grant.school_id, "relaxation": grant.relaxation}
        _record("relaxation_withdrawn", user, grant.county, school_year, because.strip(), payload)


def _stored(file: tuple[str, bytes]) -> tuple[StoredFile, str]:
    name, content = file
    name = PurePath(name.replace("\\", "/")).name[-_FILENAME_LENGTH:]
    try:
        check_evidence_file(name, content)
    except EvidenceRefused as refusal:
        raise Refused(str(refusal)) from refusal
    return store_file(content), name


def _check(reason: str) -> None:
    if reason:
        raise Refused(reason)


def _check_now(user: User, county: County, school_year: int, why_not: Callable[[User, County, int], str]) -> None:
    """Ask again while holding the county's row and its evaluations: where a step was taken meanwhile, that stands."""
    lock_county(county.pk)
    live = Evaluation.objects.select_for_update(no_key=True).filter(county=county, school_year=school_year)
    list(live.order_by("pk").values_list("pk", flat=True))
    _check(why_not(user, county, school_year))


def _record(kind: str, user: User, county: County, school_year: int, words: str, payload: Mapping[str, object]) -> None:
    """One event, of the evaluation that is under way where there is one."""
    found = Evaluation.objects.filter(county=county, school_year=school_year).order_by("-pk").first()
    told = {"school_year": school_year, **payload}
    record_event(kind, user, county=county, evaluation=found, reason=words, payload=told)
