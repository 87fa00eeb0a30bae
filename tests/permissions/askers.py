"""Everybody who may stand before a door, seen from one county: own people, neighbours, strangers, the public."""

from __future__ import annotations

from enum import StrEnum


class Asker(StrEnum):
    """Who asks, by what they are to the county whose things are asked for."""

    CLERK = "clerk"
    SIGNER = "signer"
    CITY = "city"
    INSPECTOR = "inspector"
    CHIEF = "chief"
    SECOND_CHIEF = "second_chief"
    #: Inspectors of the province: nothing was given to them, their task has ended, or they keep away.
    UNASSIGNED = "inspector_unassigned"
    RELIEVED = "inspector_relieved"
    RECUSED = "inspector_recused"
    #: The other county of the same city, and the neighbouring city with a county of its own.
    SIBLING_CLERK = "sibling_clerk"
    SIBLING_SIGNER = "sibling_signer"
    COUSIN_CLERK = "cousin_clerk"
    SIBLING_CITY = "sibling_city"
    OTHER_CLERK = "other_clerk"
    OTHER_SIGNER = "other_signer"
    OTHER_CITY = "other_city"
    OTHER_INSPECTOR = "other_inspector"
    OTHER_CHIEF = "other_chief"
    STEWARD = "steward"
    OTHER_STEWARD = "other_steward"
    SUPERUSER = "superuser"
    #: Somebody of the county's own desk whose account was closed while they were signed in.
    CLOSED = "closed"
    PUBLIC = "public"
    #: An account as the register would never make one: a reviewer of a city, put at the county itself. Asked only where
    #: a line says so; elsewhere everybody at a county is its desk.
    MISPLACED = "misplaced"


class Answer(StrEnum):
    """What a door answers."""

    #: The page, or the way to it.
    SEEN = "seen"
    #: What was sent has been done: something is written.
    DONE = "done"
    #: 404: for this person it does not exist.
    HIDDEN = "hidden"
    #: A sentence why not; nothing is written.
    REFUSED = "refused"
    #: Sign in first.
    LOGIN = "login"
    #: 405.
    METHOD = "method"
    #: None of these: a fault, or something written where nothing may be.
    BROKEN = "broken"


A = Asker
EVERYBODY = frozenset(Asker) - {A.MISPLACED}
#: Whoever is not signed in, or not any more.
OUTSIDE = frozenset({A.PUBLIC, A.CLOSED})
SIGNED_IN = EVERYBODY - OUTSIDE
DESK = frozenset({A.CLERK, A.SIGNER})
CHIEFS = frozenset({A.CHIEF, A.SECOND_CHIEF})
EVERY_CLERK = frozenset({A.CLERK, A.SIBLING_CLERK, A.COUSIN_CLERK, A.OTHER_CLERK})
EVERY_SIGNER = frozenset({A.SIGNER, A.SIBLING_SIGNER, A.OTHER_SIGNER})
EVERY_DESK = EVERY_CLERK | EVERY_SIGNER
EVERY_CITY = frozenset({A.CITY, A.SIBLING_CITY, A.OTHER_CITY})
EVERY_INSPECTOR = frozenset({A.INSPECTOR, A.UNASSIGNED, A.RELIEVED, A.RECUSED, A.OTHER_INSPECTOR})
EVERY_CHIEF = CHIEFS | {A.OTHER_CHIEF}
EVERY_STEWARD = frozenset({A.STEWARD, A.OTHER_STEWARD, A.SUPERUSER})
EVERY_PARTY = SIGNED_IN - EVERY_STEWARD
