"""What the page of an evaluation says about signing: what was signed, and taking it back."""

from __future__ import annotations

from typing import Any

from evaluation.models import Evaluation
from evaluation.permissions import Person
from evaluation.signing import to_sign
from evaluation.signing_forms import WithdrawalForm
from evaluation.steps import why_not_step
from evaluation.workflow import State, Step
from schools.models import User
from schools.vocabulary import Party


def section(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The filings of an evaluation, the newest first; where to sign, and the form that takes a signature back."""
    is_signer = isinstance(user, User) and user.party == Party.SIGNER and user.place_id == evaluation.county_id
    filings = evaluation.filings.select_related("submission", "verdict", "signed_by").order_by("-pk")
    is_open = evaluation.state_of in (State.DRAFT, State.RETURNED)
    found = to_sign(user, evaluation.county, evaluation.school_year) if is_open and is_signer else None
    return {
        "filings": list(filings.defer("manifest", "verdict__document")),
        "may_sign": found is not None,
        "why_not": {Step.SUBMIT: "".join(found.reasons[:1])} if found is not None else {},
        **withdrawal(user, evaluation),
    }


def withdrawal(user: Person, evaluation: Evaluation) -> dict[str, Any]:
    """The form that takes a signature back, None for whoever may not; and whether the signer came too late."""
    may = not why_not_step(user, evaluation, Step.WITHDRAW)
    return {"withdrawal_form": WithdrawalForm(initial={"version": evaluation.version}) if may else None}
