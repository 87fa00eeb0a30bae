"""The only writers of evidence and of who is on which item of the filing."""

from __future__ import annotations

import datetime
from pathlib import PurePath

from django.db import transaction
from django.utils import timezone

from indicators.actions import store_file
from indicators.evidence_files import EvidenceRefused, check_evidence_file
from indicators.models import ChecklistTask, Evidence
from schools.models import County, User

_FILENAME_LENGTH = 200
_EARLIEST = datetime.date(1949, 10, 1)
#: What a person types about a file: label, and whether it may stay empty.
_TEXTS = {"issued_by": ("发文单位", False), "proof_page": ("证明所在页码", False), "note": ("备注", True)}


@transaction.atomic
def record_evidence(
    user: User,
    county: County,
    school_year: int,
    criterion: str,
    filename: str,
    content: bytes,
    *,
    issued_by: str,
    issued_on: datetime.date,
    proof_page: str,
    note: str = "",
) -> tuple[Evidence, bool]:
    """The evidence made of a file and what is said about it, and whether it is new: the same bytes on the same item
    are the evidence that stands already. Raises EvidenceRefused; nothing is stored then."""
    kind = check_evidence_file(filename, content)
    texts = {"issued_by": issued_by, "proof_page": proof_page, "note": note}
    said = {name: clean_line(text, *_TEXTS[name], _longest(Evidence, name)) for name, text in texts.items()}
    _check_date(issued_on)
    # Two tabs that send one file must not both attach it: the county's row is the lock, on SQLite the transaction is.
    County.objects.select_for_update(no_key=True).get(pk=county.pk)
    stored = store_file(content)
    standing = Evidence.objects.filter(
        county=county, school_year=school_year, criterion=criterion, file=stored, withdrawn_at=None
    ).first()
    if standing is not None:
        return standing, False
    evidence = Evidence.objects.create(
        county=county,
        school_year=school_year,
        criterion=criterion,
        file=stored,
        filename=clean_filename(filename, kind),
        kind=kind,
        issued_on=issued_on,
        uploaded_by=user,
        **said,
    )
    return evidence, True


def record_withdrawal(user: User, evidence: Evidence) -> bool:
    """Withdraw evidence that stands, and whether it did: withdrawn twice, the first person and time stay."""
    standing = Evidence.objects.filter(pk=evidence.pk, withdrawn_at=None)
    return bool(standing.update(withdrawn_by=user, withdrawn_at=timezone.now()))


def record_task(
    user: User, county: County, school_year: int, item: str, person: str, due_on: datetime.date | None
) -> ChecklistTask:
    """Who prepares an item, and by when; both may be empty. Raises EvidenceRefused."""
    name = clean_line(person, "负责人", True, _longest(ChecklistTask, "person"))
    defaults = {"person": name, "due_on": due_on, "set_by": user}
    return ChecklistTask.objects.update_or_create(county=county, school_year=school_year, item=item, defaults=defaults)[
        0
    ]


def clean_line(text: str, label: str, may_be_empty: bool, longest: int) -> str:
    """One line as typed, without blanks at its ends. Raises EvidenceRefused where it is missing, too long, or holds
    control characters, invisible marks or marks that turn the direction of writing."""
    line = text.replace("\u3000", " ").replace("\u00a0", " ").strip()
    if not line and not may_be_empty:
        raise EvidenceRefused(f"请填写{label}。")
    if not line.isprintable():
        raise EvidenceRefused(f"{label}里有换行、控制字符或看不见的字符，请删除后重新填写。")
    if len(line) > longest:
        raise EvidenceRefused(f"{label}最多 {longest} 个字，现在有 {len(line)} 个。")
    return line


def clean_filename(filename: str, kind: str) -> str:
    """The last part of a path as somebody's computer sent it, without what cannot be printed; its ending stays."""
    name = PurePath(filename.replace("\\", "/")).name
    name = "".join(char for char in name if char.isprintable() and char not in '"<>|:*?').strip()
    stem, _, suffix = name.rpartition(".")
    return f"{stem.strip('. ')[: _FILENAME_LENGTH - len(suffix) - 1] or '佐证材料'}.{suffix or kind}"


def _longest(model: type[Evidence] | type[ChecklistTask], field: str) -> int:
    return int(model._meta.get_field(field).max_length or 0)


def _check_date(issued_on: datetime.date) -> None:
    if issued_on > timezone.localdate():
        raise EvidenceRefused("发文日期在今天以后，请核对。")
    if issued_on < _EARLIEST:
        raise EvidenceRefused("发文日期过早，请核对年份。")
