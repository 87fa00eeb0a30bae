"""Whether the data of a county and year are open for change, and the lock under which that is asked.

What was signed stays as it was: from the signature until the filing is withdrawn or sent back, nothing the county
reports may change. The actions ask here and refuse in words; the database refuses the rest (migration 0006).
"""

from __future__ import annotations

from evaluation.models import Evaluation
from evaluation.permissions import Refused
from evaluation.workflow import State
from schools.models import County


def lock_county(code: str) -> County:
    """The county's row, held until the transaction ends: one writer of a county at a time. Rows that only refer to the
    county (events above all) are not kept waiting by it."""
    return County.objects.select_for_update(no_key=True).get(pk=code)


def why_frozen(county_code: str, school_year: int) -> str:
    """Empty while the data of a county and year are open for change, otherwise the reason in words. The newest
    evaluation decides: one that is over leaves the data open for the next."""
    found = Evaluation.objects.filter(county=county_code, school_year=school_year).order_by("-pk")
    stored = found.values_list("state", flat=True).first()
    if stored is None:
        return ""
    state = State(stored)
    if not (state.is_live and state.is_frozen):
        return ""
    if state is State.CITY_REVIEW:
        return "已签报，数据已封存；如需修改请先撤回签报，或等待退回。"
    if state is State.PUBLISHED:
        return "本学年的结果已公布，数据已封存；如需更正，请向省级申请重新评估。"
    return f"已签报，数据已封存（现在是“{state.label}”）；如需修改请等待退回。"


def check_open(county_code: str, school_year: int) -> None:
    """Raise Refused where the data of a county and year are sealed. Call while holding the county's row."""
    if reason := why_frozen(county_code, school_year):
        raise Refused(reason)
