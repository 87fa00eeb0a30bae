"""How the results of a province are shown to the public: the only writer of publication rules."""

from __future__ import annotations

from django.db import transaction

from evaluation.events import record_event
from evaluation.models import FEWEST_PUPILS, MOST_FEWEST_PUPILS, PublicationRule
from evaluation.permissions import Refused, why_not_set_publication_rule
from schools.models import Division, User


def rules_of(province: Division) -> list[PublicationRule]:
    """Every rule a province ever set, the one that counts first."""
    return list(PublicationRule.objects.filter(province=province).select_related("set_by"))


def fewest_pupils_in(province: Division) -> int:
    """Below how many pupils a school of the province is not shown alone."""
    rules = rules_of(province)
    return rules[0].fewest_pupils if rules else FEWEST_PUPILS


def set_fewest_pupils(user: User, fewest: int, reason: str) -> PublicationRule:
    """Say below how many pupils the schools of the own province are not shown alone. Raises Refused."""
    if words := why_not_set_publication_rule(user):
        raise Refused(words)
    if not 0 <= fewest <= MOST_FEWEST_PUPILS:
        raise Refused(f"人数应在 0 到 {MOST_FEWEST_PUPILS} 之间：再多，普通学校也不公开了。")
    if not reason.strip():
        raise Refused("请写明理由。")
    with transaction.atomic():
        rule = PublicationRule.objects.create(province=user.place, fewest_pupils=fewest, set_by=user)
        record_event(
            "publication_rule", user, reason=reason.strip(), payload={"what": f"少于 {fewest} 人的学校不单独公布"}
        )
    return rule
