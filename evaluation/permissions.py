"""Who may do what, in one place. What a person may not see does not exist for them (404); what they may see but not
do is refused with a sentence, the same on the greyed button and in the answer."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from evaluation.document_making import DocumentKind
from evaluation.models import Assignment, Evaluation, Recusal
from evaluation.workflow import State
from schools.models import County, Division, User
from schools.queries import current_school_year, is_steward
from schools.vocabulary import Party

Person = User | AnonymousUser

#: Until a decision is proposed, what it will rest on may still be entered.
_UNDECIDED = (State.DRAFT, State.RETURNED, State.CITY_REVIEW, State.PROVINCE_REVIEW)


class Refused(Exception):
    """An action was not allowed, or not possible now; the message is meant for the person who asked."""


def can_see_trial(user: Person, county_code: str) -> bool:
    """Uploads and trial verdicts belong to the county's own clerk and signer; nobody above sees them."""
    return isinstance(user, User) and user.party in (Party.CLERK, Party.SIGNER) and user.place_id == county_code


def why_not_upload(user: Person, county: County) -> str:
    """Empty if ``user`` may upload a workbook for ``county``, otherwise the reason in words."""
    if not can_see_trial(user, county.code):
        return "只有本县的填报员可以上传数据。"
    if not isinstance(user, User) or user.party != Party.CLERK:
        return "签报人不上传数据：请由填报员上传，签报人负责审核签报。"
    return ""


def why_not_sign(user: Person, county: County) -> str:
    """Empty if ``user`` is the one who signs for ``county``, otherwise the reason in words. What else stands in the
    way is said by ``signing.to_sign``."""
    if isinstance(user, User) and user.is_active and user.party == Party.SIGNER and user.place_id == county.code:
        return ""
    return "签报由本县的签报人办理：填报员准备数据和材料，签报人审核后签报。"


def check_upload(user: Person, county: County) -> None:
    """Raise Refused where ``user`` may not upload for ``county``."""
    if reason := why_not_upload(user, county):
        raise Refused(reason)


def why_not_revise(user: Person, county: County) -> str:
    """Empty if ``user`` may accept repairs and correct cells for ``county``, otherwise the reason in words."""
    if not can_see_trial(user, county.code):
        return "只有本县的填报员可以更正数据。"
    if not isinstance(user, User) or user.party != Party.CLERK:
        return "签报人不更正数据：请由填报员采纳建议或更正，签报人负责审核签报。"
    return ""


def can_see_evidence(user: Person, county_code: str) -> bool:
    """Evidence and the checklist of a filing belong to the county's own desk, like its trial data."""
    return can_see_trial(user, county_code)


def why_not_evidence(user: Person, county: County) -> str:
    """Empty if ``user`` may attach and withdraw evidence and set tasks for ``county``, otherwise the reason."""
    if not can_see_evidence(user, county.code):
        return "只有本县的填报员可以维护佐证材料和分工。"
    if not isinstance(user, User) or user.party != Party.CLERK:
        return "签报人不维护佐证材料和分工：请由填报员办理，签报人负责审核签报。"
    return ""


def check_evidence(user: Person, county: County) -> None:
    """Raise Refused where ``user`` may not attach or withdraw evidence for ``county``."""
    if reason := why_not_evidence(user, county):
        raise Refused(reason)


def can_see_decisions(user: Person, county: County) -> bool:
    """What the province decides about a county is seen by the county's own desk, its city, and its province; of the
    inspectors by the one who answers for the county this school year."""
    if not isinstance(user, User) or user.place_id is None or user.party in ("", Party.STEWARD):
        return False
    if user.place_id not in (county.code, county.parent_id, county.parent.parent_id if county.parent else None):
        return False
    return user.party != Party.INSPECTOR or is_assigned(user, county, current_school_year())


def _is_of_province(user: Person, county: County, *parties: Party) -> bool:
    return isinstance(user, User) and user.party in parties and can_see_decisions(user, county)


def why_not_judge_item(user: Person, county: County, school_year: int) -> str:
    """Empty if ``user`` may judge items that rest on evidence now, otherwise the reason in words. Before a county has
    signed, reviewers see nothing of it; once a decision is proposed it rests on what was judged."""
    if not _is_of_province(user, county, Party.INSPECTOR) or not isinstance(user, User):
        return "只有省级督学可以评定以佐证材料为依据的项目。"
    if not is_assigned(user, county, school_year):
        return "本县本学年没有分配给您，由负责本县的督学评定。"
    evaluation = _newest_evaluation(county, school_year)
    if evaluation is None or evaluation.filing_id is None:
        return "本县还没有签报；签报并由市级复核上报以后，才能逐项评定。"
    if evaluation.state_of is not State.PROVINCE_REVIEW:
        return f"评估现在是“{evaluation.state_of.label}”，在“{State.PROVINCE_REVIEW.label}”时才能逐项评定。"
    return ""


def why_not_supply(user: Person, county: County, school_year: int) -> str:
    """Empty if ``user`` may enter the survey and the monitoring of a county now, otherwise the reason in words."""
    if not _is_of_province(user, county, Party.INSPECTOR, Party.CHIEF):
        return "社会认可度和质量监测结果由省级督学或审定人录入。"
    return _why_not_decide_any_more(county, school_year)


def why_not_grant(user: Person, county: County, school_year: int) -> str:
    """Empty if ``user`` may grant and withdraw relaxations now, otherwise the reason in words."""
    if not _is_of_province(user, county, Party.CHIEF):
        return "过渡规定由省级审定人批准和撤回。"
    return _why_not_decide_any_more(county, school_year)


def _why_not_decide_any_more(county: County, school_year: int) -> str:
    """What a proposed decision rests on stays as it is."""
    evaluation = _newest_evaluation(county, school_year)
    if evaluation is None or evaluation.state_of in _UNDECIDED:
        return ""
    return f"评估已到“{evaluation.state_of.label}”，处理建议依据的录入和批准不能再改动。"


def _newest_evaluation(county: County, school_year: int) -> Evaluation | None:
    return Evaluation.objects.filter(county=county, school_year=school_year).order_by("-pk").first()


def why_not_correct(user: Person, evaluation: Evaluation) -> str:
    """Empty if ``user`` may let the county file anew what was published, otherwise the reason in words."""
    if not isinstance(user, User) or user.party != Party.CHIEF or not can_see_evaluation(user, evaluation):
        return "更正由省级审定人启动。"
    if evaluation.state_of is not State.PUBLISHED:
        return f"现在是“{evaluation.state_of.label}”，公布以后才能启动更正。"
    if evaluation.corrections.exclude(state__in=[state for state in State if not state.is_live]).exists():
        return "已经启动了更正，正在办理。"
    return ""


def why_not_laboratory(user: Person) -> str:
    """Empty if ``user`` may try standards out on all counties, otherwise the reason in words."""
    return "" if isinstance(user, User) and user.party == Party.STEWARD else "标准试验室由管理员使用。"


def why_not_run_nation(user: Person) -> str:
    """Empty if ``user`` may judge all counties at once and read what came of it, otherwise the reason in words."""
    return "" if isinstance(user, User) and user.party == Party.STEWARD else "全国核算由管理员使用。"


def why_not_scan(user: Person) -> str:
    """Empty if ``user`` may run the radar over all counties and read its counts, otherwise the reason in words."""
    is_theirs = isinstance(user, User) and user.is_active and user.party == Party.STEWARD
    return "" if is_theirs else "数据雷达由管理员使用。"


def can_see_radar_hits(user: Person, evaluation: Evaluation) -> bool:
    """What the radar points at is for the inspector a county was assigned to and for the chief. Its own desk learns of
    it when an inspector asks: a hit is a place to look, not an accusation."""
    is_theirs = isinstance(user, User) and user.party in (Party.INSPECTOR, Party.CHIEF)
    return is_theirs and can_see_evaluation(user, evaluation)


def can_see_evaluation(user: Person, evaluation: Evaluation) -> bool:
    """The county's desk sees its own; whoever reviews sees it once it was signed: the city, the inspector it was
    assigned to, the chief of the province. A steward sees none."""
    if not isinstance(user, User) or user.place_id is None or not user.is_active:
        return False
    county = evaluation.county
    if user.party in (Party.CLERK, Party.SIGNER):
        return user.place_id == county.code
    if evaluation.filing_id is None:
        return False
    if user.party == Party.CITY_REVIEWER:
        return user.place_id == county.parent_id
    if user.place_id not in (county.parent_id, county.parent.parent_id if county.parent else None):
        return False
    if user.party == Party.INSPECTOR:
        return is_assigned(user, county, evaluation.school_year)
    return user.party == Party.CHIEF


def is_assigned(user: User, county: County, school_year: int) -> bool:
    """Whether an inspector answers for a county in a school year, and nothing keeps them away."""
    is_theirs = Assignment.objects.filter(
        inspector=user, county=county, school_year=school_year, ended_at=None
    ).exists()
    return is_theirs and not Recusal.objects.filter(inspector=user, county=county).exists()


def is_of_province_of(user: User, county: County) -> bool:
    """Whether a person's place is the province a county lies in."""
    above = (county.parent_id, county.parent.parent_id if county.parent else None)
    return user.place_id is not None and user.place_id in above


def can_see_assignments(user: Person) -> bool:
    """The chief of a province sees who answers for which county, and shares them out."""
    return isinstance(user, User) and user.is_active and user.party == Party.CHIEF


def why_not_assign(user: Person, county: County) -> str:
    """Empty if ``user`` may give ``county`` to an inspector, otherwise the reason in words."""
    if isinstance(user, User) and can_see_assignments(user) and is_of_province_of(user, county):
        return ""
    return "县的分配由本省审定人办理。"


def why_not_recuse(user: Person, inspector: User, county: County) -> str:
    """Empty if ``user`` may declare that ``inspector`` keeps away from ``county``, otherwise the reason in words."""
    if not isinstance(user, User) or inspector.party != Party.INSPECTOR or not is_of_province_of(inspector, county):
        return "只能为本省督学申报对本省县（市、区）的回避。"
    if user.pk == inspector.pk or not why_not_assign(user, county):
        return ""
    return "回避由督学本人或本省审定人申报。"


def why_not_set_publication_rule(user: Person) -> str:
    """Empty if ``user`` may say how the results of the own province are shown, otherwise the reason in words."""
    if isinstance(user, User) and user.is_active and user.party == Party.CHIEF and user.place_id is not None:
        return ""
    return "公开规则由省级审定人设定。"


def why_not_use_tokens(user: Person) -> str:
    """Empty if ``user`` may let programs act for them, otherwise the reason in words. Who tends the accounts does
    nothing that a program could do for them."""
    is_party = isinstance(user, User) and user.is_active and user.party not in ("", Party.STEWARD)
    return "" if is_party else "接口令牌供填报、复核和评估人员的程序使用，管理员账号没有。"


#: Whether the county or the province has a document made; the inspector's proposal, or the chief's word on it, first.
_COUNTYS_DOCUMENTS = (DocumentKind.SELF_ASSESSMENT, DocumentKind.SCHOOL_PLAN)
_DECIDED = (State.NOTICE, State.DECLINED, State.PUBLISHED, State.REVOKED, State.SUPERSEDED)


def why_not_order_document(user: Person, evaluation: Evaluation, kind: DocumentKind) -> str:
    """Empty if ``user`` may have a document of an evaluation made now, otherwise the reason in words. What a county
    tells of itself rests on its signature; the feedback on what was proposed to it; the opinion on the decision."""
    state = evaluation.state_of
    if kind in _COUNTYS_DOCUMENTS:
        is_desk = isinstance(user, User) and user.party in (Party.CLERK, Party.SIGNER)
        if not is_desk or not can_see_evaluation(user, evaluation):
            return f"{kind.label}由本县的填报员或签报人制作。"
        if evaluation.filing_id is None:
            return f"{kind.label}按签报的数据制作：签报以后才能制作，试算的数据不进入文件。"
        return "" if state.is_frozen else "签报已退回：重新签报以后，按新的签报制作。"
    if kind not in (DocumentKind.OPINION, DocumentKind.FEEDBACK):
        return f"{kind.label}不是一个县的文件。"
    is_province = isinstance(user, User) and user.party in (Party.INSPECTOR, Party.CHIEF)
    if not is_province or not can_see_evaluation(user, evaluation):
        return f"{kind.label}由负责本县的督学或审定人制作。"
    if kind is DocumentKind.OPINION and state not in _DECIDED:
        return f"{kind.label}写明评估结论：审定以后才能制作。"
    if state is not State.PROPOSED and state not in _DECIDED:
        return f"{kind.label}写明处理建议和存在的问题：督学提出处理建议以后才能制作。"
    return ""


def why_not_tend_documents(user: Person) -> str:
    """Empty if ``user`` may set the templates of the own province, and have its annual report made and publish it,
    otherwise the reason in words."""
    if isinstance(user, User) and user.is_active and user.party == Party.CHIEF and user.place_id is not None:
        return ""
    return "文件模板和省级年度报告由省级审定人办理。"


def can_tend_people(user: Person) -> bool:
    """Accounts are a steward's; for everybody else their pages do not exist."""
    return is_steward(user)


def can_tend_jobs(user: Person) -> bool:
    """What was set aside, and the worker processes, are a steward's; for everybody else their page does not exist."""
    return is_steward(user)


def why_not_tend(user: Person, place: Division) -> str:
    """Empty if ``user`` may give posts at ``place``, otherwise the reason in words."""
    if not isinstance(user, User) or not is_steward(user):
        return "账号由管理员办理。"
    above = place.parent
    within = (place.pk, above.pk if above else None, above.parent_id if above else None)
    return "" if user.is_superuser or user.place_id in within else "只能办理本省的账号。"


def why_not_tend_person(user: Person, person: User) -> str:
    """Empty if ``user`` may change the account of ``person``, otherwise the reason in words."""
    if not isinstance(user, User) or not is_steward(user):
        return "账号由管理员办理。"
    if user.pk == person.pk:
        return "不能更改自己的账号，请由另一位管理员办理。"
    if user.is_superuser:
        return ""
    if person.is_superuser or person.place is None:
        return "这个账号由系统管理员办理。"
    return why_not_tend(user, person.place)
