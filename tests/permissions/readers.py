"""Whom the marked words of a county concern: what may be told to whom, wherever it stands."""

from __future__ import annotations

from tests.permissions.askers import CHIEFS, DESK, EVERYBODY, Asker
from tests.permissions.rules import concerned, of_signed, reviewers
from tests.permissions.world import CASES, World

A = Asker
_TENDS = frozenset({A.STEWARD, A.SUPERUSER})
_ALONE = ("trial", "trialschool", "task", "partial")
_SIGNED = ("file", "school", "evidence", "question", "back", "opinion", "propose", "reply", "replyfile", "approve")
_DECIDED = ("judged", "document", "supplied", "grant", "grantfile")
_OF_WHOEVER_OBJECTS = ("objector", "contact", "objectionfile")
_OPEN = ("revoke", "correction")
#: The figures behind these are published, school by school; of a draft, those of the result that is being corrected.
_PUBLISHED = frozenset({"draft", "published", "revoked", "superseded"})
KINDS = frozenset((*_ALONE, *_SIGNED, *_DECIDED, *_OF_WHOEVER_OBJECTS, *_OPEN, "objection", "clerk", "signer"))


def readers(kind: str, key: str) -> frozenset[Asker]:
    """Who may read a mark of a kind about the county of a case."""
    if kind in _ALONE:
        return DESK
    if kind == "school" and key in _PUBLISHED:
        return EVERYBODY
    if kind in _SIGNED:
        return of_signed(key)
    if kind in _DECIDED:
        return concerned(key)
    if kind in ("objection", "radar"):
        return reviewers(key) - {A.CITY}
    if kind in _OF_WHOEVER_OBJECTS:
        return CHIEFS
    if kind in ("clerk", "signer"):
        # Who uploaded and who signed is named to whoever reviews; the accounts are their steward's.
        return of_signed(key) | _TENDS
    return EVERYBODY if kind in _OPEN else frozenset()


class Relations:
    """What everybody is to every county."""

    def __init__(self, world: World) -> None:
        neighbours = world.things["neighbours"]
        somebody = world.cases[CASES[0]].people
        self._keys = {case.code: case.key for case in world.cases.values()}
        self._of = {
            case.code: {person.pk: asker for asker, person in case.people.items()} for case in world.cases.values()
        }
        everywhere = (A.INSPECTOR, A.CHIEF, A.SECOND_CHIEF, A.STEWARD, A.SUPERUSER)
        above = {asker: asker for asker in everywhere}
        abroad = {
            A.OTHER_CITY: A.CITY,
            A.OTHER_INSPECTOR: A.INSPECTOR,
            A.OTHER_CHIEF: A.CHIEF,
            A.OTHER_STEWARD: A.STEWARD,
        }
        roles = {
            "sibling": above | {A.CITY: A.CITY},
            "cousin": above | {A.SIBLING_CITY: A.CITY},
            "other": abroad | {A.SUPERUSER: A.SUPERUSER},
        }
        for name, case in neighbours.items():
            self._keys[case.code] = "city_review"
            own = {case.people[asker].pk: asker for asker in DESK}
            self._of[case.code] = own | {somebody[who].pk: asker for who, asker in roles[name].items()}

    def may_read(self, person: int | None, code: str, kind: str) -> bool:
        """Whether a mark may be told to somebody (None: the public)."""
        if code not in self._keys:
            return True
        asker, key = self._of[code].get(person or 0, A.PUBLIC), self._keys[code]
        # A long name may be cut short.
        return any(asker in readers(whole, key) for whole in KINDS if whole.startswith(kind))
