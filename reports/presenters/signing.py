"""The key figures before a signature, from the same page as the verdict. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from reports.presenters.verdict import VerdictPage

_NOT_MET = "not_met"


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One stage: how many schools and pupils, and how many schools pass by themselves."""

    label: str
    schools: int
    enrollment: str
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class FailingCoefficient:
    """A coefficient above its limit."""

    stage: str
    code: str
    name: str
    coefficient: str
    limit: str


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """What a signer must have seen: the verdict in one sentence, schools, pupils, and everything that is not met."""

    key: str
    word: str
    sentence: str
    stages: tuple[StageFigures, ...]
    excluded: int
    coefficients: tuple[FailingCoefficient, ...]
    items: tuple[tuple[str, str, str], ...]
    counts: tuple[tuple[str, str], ...]


def key_figures(page: VerdictPage) -> KeyFigures:
    """The key figures of a verdict's page."""
    return KeyFigures(
        key=page.conclusion.key,
        word=page.conclusion.word,
        sentence=page.conclusion.sentence,
        stages=tuple(
            StageFigures(stage.label, stage.schools, stage.enrollment, stage.passed, len(stage.failed))
            for stage in page.stages
        ),
        excluded=len(page.excluded),
        coefficients=tuple(
            FailingCoefficient(stage.label, line.code, line.name, line.coefficient, line.limit)
            for stage in page.stages
            for line in stage.lines
            if line.mark.key == _NOT_MET
        ),
        items=tuple(
            (line.code, line.name, line.sentence)
            for group in page.groups
            for line in group.lines
            if line.mark.key == _NOT_MET
        ),
        counts=tuple((group.name, group.count) for group in page.groups),
    )
