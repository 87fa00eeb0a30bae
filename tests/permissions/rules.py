"""Who is expected to get what, county by county, written from the description of the process: what a party sees and
does, and in which state. Nothing here asks the portal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.permissions.askers import CHIEFS, DESK, EVERYBODY, OUTSIDE, SIGNED_IN, Answer, Asker

A = Asker
Expected = Mapping[Asker, Answer]
#: From the key of a case (see ``world.CASES``) to what everybody is answered there.
Rule = Callable[[str], Expected]
Crowd = Iterable[Asker]
Who = Crowd | Callable[[str], Crowd]

#: Nobody outside the county saw what was never signed.
UNSIGNED = frozenset({"trial"})
#: Cases whose figures the county may change: not handed in, sent back, or over.
OPEN = frozenset({"trial", "draft", "returned", "declined", "revoked"})
#: Nothing is proposed yet: the province may still enter what the decision will rest on.
UNDECIDED = frozenset({"trial", "draft", "returned", "city_review", "province_review", "recused"})
WITH_PROPOSAL = frozenset(
    {"proposed", "ripe", "notice", "notice_over", "declined", "published", "revoked", "superseded"}
)
LIVE = frozenset(
    {"draft", "returned", "city_review", "province_review", "recused", "proposed", "ripe", "notice", "notice_over"}
    | {"published"}
)


def reviewers(key: str) -> frozenset[Asker]:
    """Who reviews the county of a case, once it has signed: nobody of the inspectors where the one keeps away."""
    return frozenset({A.CITY} | CHIEFS | (set() if key == "recused" else {A.INSPECTOR}))


def of_evaluation(key: str) -> frozenset[Asker]:
    """Who sees the evaluation of a case: a draft, also one that corrects what was published, is the county's alone."""
    return DESK if key in UNSIGNED | {"draft"} else DESK | reviewers(key)


def of_signed(key: str) -> frozenset[Asker]:
    """Who sees what a county has signed at some time."""
    return DESK if key in UNSIGNED else DESK | reviewers(key)


def concerned(key: str) -> frozenset[Asker]:
    """Who reads what the province entered, judged and granted."""
    return DESK | reviewers(key)


def with_proposal(key: str) -> frozenset[Asker]:
    """Who has a page of proposals: everybody who sees the evaluation once there is one; the province before."""
    if key in WITH_PROPOSAL:
        return of_evaluation(key)
    return reviewers(key) - {A.CITY} if key in ("province_review", "recused") else frozenset()


def _crowd(who: Who, key: str) -> frozenset[Asker]:
    return frozenset(who(key) if callable(who) else who)


def _expected(**crowds: Crowd) -> Expected:
    found = {asker: Answer.LOGIN if asker in OUTSIDE else Answer.HIDDEN for asker in A}
    for answer, crowd in crowds.items():
        found |= dict.fromkeys(crowd, Answer(answer))
    return found


def seen_by(who: Who) -> Rule:
    """A page for some; for everybody else there is none."""
    return lambda key: _expected(seen=_crowd(who, key))


def done_by(who: Who, among: Who = frozenset(), cases: Iterable[str] | None = None) -> Rule:
    """An act of some, in some cases (all by default); ``among``, who sees the thing and may not, is told why not; for
    everybody else there is no such door."""
    allowed = None if cases is None else frozenset(cases)

    def rule(key: str) -> Expected:
        may = _crowd(who, key) if allowed is None or key in allowed else frozenset()
        return _expected(done=may, refused=(_crowd(among, key) | (_crowd(who, key) & SIGNED_IN)) - may)

    return rule


def page_of(may: Mapping[str, Crowd], among: Who) -> Rule:
    """A page for those who may act in a case; ``among`` the others are told why not."""

    def rule(key: str) -> Expected:
        seen = frozenset(may.get(key, ()))
        return _expected(seen=seen, refused=_crowd(among, key) - seen)

    return rule


def acts(may: Mapping[str, Crowd], among: Who) -> Rule:
    """An act: by case who does it; who sees the thing and may not is told why not."""

    def rule(key: str) -> Expected:
        done = frozenset(may.get(key, ())) & _crowd(among, key)
        return _expected(done=done, refused=_crowd(among, key) - done)

    return rule


def answered(**crowds: Crowd) -> Rule:
    """The same in every case."""
    return lambda key: _expected(**crowds)


PUBLIC = seen_by(EVERYBODY)
ANYBODY_SIGNED_IN = seen_by(SIGNED_IN)
