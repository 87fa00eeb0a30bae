"""A national run on its way, and what it found, as the page prints it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.core.standard import Standard
from evaluation.core.status import Status
from evaluation.models import NationalRun, RunState
from evaluation.national_queries import Judged, Missing, Outcomes, Standing
from schools.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is. ``token`` changes whenever anything shown does."""

    sentence: str
    detail: str
    judged: int
    total: int
    token: str


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item: in how many counties it is met (with relaxations too), not met, unknown, still to be judged."""

    label: str
    met: int
    not_met: int
    unknown: int
    to_judge: int


@dataclass(frozen=True, slots=True)
class NationalPage:
    """What a run found so far."""

    sentence: str
    beside: str
    provinces: tuple[tuple[str, Outcomes], ...]
    items: tuple[ItemLine, ...]
    missing: tuple[Missing, ...]


def run_progress(run: NationalRun, standing: Standing) -> RunProgress:
    """How far a run is, in one sentence and in what it waits for."""
    share = standing.judged * 100 // run.submissions if run.submissions else 100
    sentence = f"{run.get_state_display()}：已核算 {standing.judged:,} / {run.submissions:,} 个县（{share}%）。"
    if run.state == RunState.PAUSED:
        detail = "正在核算的批次会做完。" if standing.running else "没有批次正在核算，继续以后才会再取。"
    else:
        detail = f"正在核算 {standing.running} 批，等待 {standing.waiting} 批。"
    if standing.set_aside:
        detail += f"有 {standing.set_aside} 批多次失败，已搁置。"
    counts = (standing.judged, standing.waiting, standing.running, standing.set_aside)
    token = "-".join(map(str, (run.state, *counts)))
    return RunProgress(sentence, detail, standing.judged, run.submissions, token)


def national_page(
    run: NationalRun,
    standard: Standard,
    provinces: Sequence[tuple[str, Outcomes]],
    statuses: Mapping[tuple[str, str], Mapping[str, int]],
    missing: Sequence[Missing],
    failing_by_no_item: int,
) -> NationalPage:
    """A run as its page tells it. ``failing_by_no_item``: counties not met although none of their items is."""
    because = "综合差异系数高于上限" if standard.decides_by_composite else "有学校没有达到学校标准"
    return NationalPage(
        _sentence(run, [outcomes for _, outcomes in provinces], len(missing)),
        f"另有 {failing_by_no_item:,} 个县没有不达标的项目，因{because}而不达标。" if failing_by_no_item else "",
        tuple(provinces),
        tuple(
            _item(label, statuses[key]) for key, label in item_labels(standard).items() if statuses.get(key)
        ),
        tuple(missing),
    )  # fmt: skip


def item_labels(standard: Standard) -> dict[tuple[str, str], str]:
    """The items of a standard as they are called, by code and stage, in its order."""
    coefficients = {
        (indicator.code, stage.value): f"{stage.label} {indicator.code} {indicator.short_name}差异系数"
        for stage in Stage
        for indicator in standard.indicators
    }
    return coefficients | {(each.code, ""): f"{each.code} {each.name}" for each in standard.criteria}


def words_of(items: Sequence[tuple[str, str]], labels: Mapping[tuple[str, str], str]) -> str:
    """Items by their names, in the order of the standard."""
    order = list(labels)
    return "、".join(labels[key] for key in sorted(items, key=order.index))


def table_row(county: Judged, labels: Mapping[tuple[str, str], str]) -> list[str]:
    """One county as the table to take away lists it."""
    outcome = {True: "可达标", False: "不达标", None: "无法核算"}[county.passed]
    return [
        county.province, county.code, county.name, str(county.version), outcome, "是" if county.complete else "否",
        words_of(county.not_met, labels), words_of(county.unknown, labels),
    ]  # fmt: skip


def _item(label: str, counts: Mapping[str, int]) -> ItemLine:
    met = counts.get(Status.MET, 0) + counts.get(Status.EXEMPT, 0)
    rest = (counts.get(status, 0) for status in (Status.NOT_MET, Status.UNKNOWN, Status.TO_JUDGE))
    return ItemLine(label, met, *rest)


def _sentence(run: NationalRun, outcomes: Sequence[Outcomes], missing: int) -> str:
    met, not_met, unknown = (sum(getattr(each, name) for each in outcomes) for name in ("met", "not_met", "unknown"))
    told = f"{met + not_met + unknown:,} 个县有结论：{met:,} 个可达标，{not_met:,} 个不达标，{unknown:,} 个无法核算。"
    without = run.submissions - met - not_met - unknown
    if run.state == RunState.CANCELLED:
        return f"{told}核算已取消，其余 {without:,} 个县没有核算。"
    return f"{told}{missing:,} 个县没有结论，原因见下。" if missing else told
