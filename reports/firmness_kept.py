"""The sentence that tells how firm a verdict is: computed once, by the worker where there is one, and kept for all."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.db.models import prefetch_related_objects
from redis.exceptions import RedisError

from evaluation.core.columns import CountyColumns, SchoolColumns, columns_of
from evaluation.core.decided import Decided, DecidedColumns, columns_of_decided
from evaluation.core.firmness import Firmness, firmness
from evaluation.core.standard import Standard as StandardDocument
from evaluation.models import Standard, Verdict
from evaluation.queries import verdict_of
from evaluation.standards import parsed_standard
from indicators.models import Submission
from indicators.queries import report_of, reports_of
from indicators.report import CountyReport, SchoolReport
from reports.presenters.firmness import Cells, firmness_sentence

logger = logging.getLogger(__name__)

#: A sentence, and how many findings are decided within rounding.
Told = tuple[str, int]

#: How long the sentence of a verdict is kept. A verdict never changes; the limit only keeps the store small.
_KEPT_SECONDS = 24 * 3600
#: After a failure of the shared store it is left alone for so long: one that hangs must not hang every page.
_DEAF_SECONDS = 5.0
_deaf_until = 0.0


def _edition() -> str:
    """Of the method and of the words: what was kept by an earlier one is not told any more."""
    core = settings.BASE_DIR / "evaluation/core"
    sources = [*core.glob("firmness*.py"), core / "contradictions.py", core / "changes.py"]
    sources.append(settings.BASE_DIR / "reports/presenters/firmness.py")
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()[:16]


_EDITION = _edition()


def firmness_in_short(version: Submission, verdict: Verdict) -> Told:
    """The sentence of the page of firmness, and how many findings are decided within rounding."""
    key = _key(version, verdict)
    told = _kept([key]).get(key)
    if told is None:
        loaded = Loaded.of(version, verdict)
        told = loaded.told(loaded.cells(version))
        _keep({key: told})
    return told


def firmness_of_many(verdicts: Sequence[tuple[Submission, Verdict]], most: int) -> dict[int, Told]:
    """The same by the primary key of the verdict for many: those that are kept, and up to ``most`` computed now from
    three queries; the others are left out. ``Verdict.standard`` and ``document`` are not read."""
    keys = {verdict.pk: _key(version, verdict) for version, verdict in verdicts}
    kept = _kept(keys.values())
    told = {pk: kept[key] for pk, key in keys.items() if key in kept}
    missing = [(version, verdict) for version, verdict in verdicts if verdict.pk not in told][:most]
    if not missing:
        return told
    versions = [version for version, _ in missing]
    reports, standards = reports_of(versions), Standard.objects.in_bulk({verdict.standard_id for _, verdict in missing})
    found: dict[str, Told] = {}
    for version, verdict in missing:
        standard = parsed_standard(standards[verdict.standard_id])
        report, cells = reports[version.pk]
        loaded = Loaded.from_report(report, verdict, standard)
        told[verdict.pk] = loaded.told(Cells(loaded.ordered, version.columns, cells))
        found[keys[verdict.pk]] = told[verdict.pk]
    _keep(found)
    return told


def prepare_firmness(sender: type, version: Submission, **more: Any) -> None:
    """Keep the sentence of a version that was judged a moment ago, before anybody opens its page."""
    # As it is stored: the worker's own was read before the file was, and another worker may have done the job.
    stored = Submission.objects.get(pk=version.pk)
    if (verdict := verdict_of(stored)) is not None:
        firmness_in_short(stored, verdict)


def _key(version: Submission, verdict: Verdict) -> str:
    return f"firmness:{_EDITION}:{verdict.pk}:{verdict.sha256}:{version.file_id}"


def _kept(keys: Iterable[str]) -> dict[str, Told]:
    """What this process has, and of the rest what the store of all processes has."""
    wanted = list(keys)
    own: dict[str, Told] = caches["default"].get_many(wanted)
    missing = [key for key in wanted if key not in own]
    with _shared() as store:
        if store is not None and missing:
            caches["default"].set_many(found := store.get_many(missing), _KEPT_SECONDS)
            own |= found
    return own


def _keep(told: Mapping[str, Told]) -> None:
    caches["default"].set_many(told, _KEPT_SECONDS)
    with _shared() as store:
        if store is not None:
            store.set_many(told, _KEPT_SECONDS)


@contextmanager
def _shared() -> Iterator[BaseCache | None]:
    """The store of all processes; None while it is left alone. Whatever it fails at is left out."""
    global _deaf_until
    try:
        yield caches["shared"] if monotonic() >= _deaf_until else None
    except (RedisError, OSError):
        logger.warning("where sentences are kept for all processes cannot be reached")
        _deaf_until = monotonic() + _DEAF_SECONDS


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything a verdict rests on, as columns: judging them again gives the same verdict."""

    verdict: Verdict
    standard: StandardDocument
    schools: SchoolColumns
    figures: CountyColumns
    ordered: list[SchoolReport]
    decided: DecidedColumns

    @classmethod
    def of(cls, version: Submission, verdict: Verdict) -> Loaded:
        """A verdict of ``version``, its rows read by two queries."""
        # Once for the report and for the cells it came from.
        prefetch_related_objects([version], "records", "figures")
        return cls.from_report(report_of(version), verdict, parsed_standard(verdict.standard))

    @classmethod
    def from_report(cls, report: CountyReport, verdict: Verdict, standard: StandardDocument) -> Loaded:
        """A verdict on what is read already."""
        schools, figures, ordered = columns_of([report])
        decided, codes = Decided.of(verdict.decided), [str(each.values.get("code") or "") for each in ordered]
        columns, figures = columns_of_decided([decided], codes, schools.county, figures, verdict.as_of)
        return cls(verdict, standard, schools, figures, ordered, columns)

    def firmness(self) -> Firmness:
        """How firm it is, computed now."""
        return firmness(self.schools, self.figures, self.standard, self.verdict.as_of, self.decided)

    def told(self, cells: Cells) -> Told:
        """How firm it is, in short."""
        found = self.firmness()
        return firmness_sentence(found, cells), found.borderline

    def cells(self, version: Submission) -> Cells:
        """Where the figures stand in the workbook."""
        return Cells(self.ordered, version.columns, {each.code: each.cell for each in version.figures.all()})
