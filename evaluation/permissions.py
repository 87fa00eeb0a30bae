"""Who may do what, in one place. What a person may not see does not exist for them (404); what they may see but not
do is refused with a sentence, the same on the greyed button and in the answer."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from evaluation.models import Assignment, Evaluation, Recusal
from schools.models import County, User
from schools.vocabulary import Party

Person = User | AnonymousUser


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
    """What the province decides about a county is seen by the county's own desk, its city, and its province."""
    if not isinstance(user, User) or user.place_id is None or user.party in ("", Party.STEWARD):
        return False
    return user.place_id in (county.code, county.parent_id, county.parent.parent_id if county.parent else None)


def _is_of_province(user: Person, county: County, *parties: Party) -> bool:
    return isinstance(user, User) and user.party in parties and can_see_decisions(user, county)


def why_not_judge_item(user: Person, county: County) -> str:
    """Empty if ``user`` may judge items that rest on evidence, otherwise the reason in words."""
    return "" if _is_of_province(user, county, Party.INSPECTOR) else "只有省级督学可以评定以佐证材料为依据的项目。"


def why_not_supply(user: Person, county: County) -> str:
    """Empty if ``user`` may enter the survey and the monitoring of a county, otherwise the reason in words."""
    if _is_of_province(user, county, Party.INSPECTOR, Party.CHIEF):
        return ""
    return "社会认可度和质量监测结果由省级督学或审定人录入。"


def why_not_grant(user: Person, county: County) -> str:
    """Empty if ``user`` may grant and withdraw relaxations, otherwise the reason in words."""
    return "" if _is_of_province(user, county, Party.CHIEF) else "过渡规定由省级审定人批准和撤回。"


def why_not_laboratory(user: Person) -> str:
    """Empty if ``user`` may try standards out on all counties, otherwise the reason in words."""
    return "" if isinstance(user, User) and user.party == Party.STEWARD else "标准试验室由管理员使用。"


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
