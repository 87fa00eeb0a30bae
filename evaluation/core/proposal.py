"""What a proposed decision rests on, finding by finding: what still keeps a county from being certified, and what the
county may reply to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.core.criterion import Criterion
from evaluation.core.decided import Decided
from evaluation.core.rounding import coefficient_text, plain
from evaluation.core.standard import Standard
from evaluation.core.status import Status
from schools.vocabulary import Stage

#: Codes of findings that are no item of the standard.
DECISION, SCHOOLS, COMPOSITE = "decision", "schools", "composite"

_PASSED = {True: Status.MET, False: Status.NOT_MET, None: Status.UNKNOWN}


@dataclass(frozen=True, slots=True)
class ProposalFinding:
    """One finding of a verdict: a coefficient with its stage, the school rule, or an item; ``words`` say how it came
    out, ``opinion`` is what an inspector wrote. ``status`` is empty for the decision as a whole."""

    code: str
    stage: str
    name: str
    status: Status | None
    words: str
    opinion: str = ""
    is_veto: bool = False

    @property
    def label(self) -> str:
        """How it came out in one word: a veto stands or does not."""
        if self.status is None:
            return ""
        if self.is_veto and self.status in (Status.MET, Status.NOT_MET):
            return "不存在" if self.status is Status.MET else "存在"
        return self.status.label


def missing_for_certifying(
    result: Mapping[str, Any], standard: Standard, decided: Decided
) -> tuple[ProposalFinding, ...]:
    """Everything that keeps a county from being certified, one by one, in the order of the standard; empty where it
    may be. ``result`` is the stored document of its verdict."""
    missing = [found for found in _computed(result, standard) if found.status is not Status.MET]
    for criterion in standard.criteria:
        found = _item(result, criterion)
        if words := _why_not_met(found, criterion, decided):
            missing.append(ProposalFinding(found.code, "", found.name, found.status, words, found.opinion))
    if not missing and (result["passed"] is not True or result["complete"] is not True):
        missing.append(ProposalFinding(DECISION, "", "结论", Status.UNKNOWN, "核算结论不是“达标”。"))
    return tuple(missing)


def _why_not_met(found: ProposalFinding, criterion: Criterion, decided: Decided) -> str:
    if "E" in criterion.basis and criterion.code not in decided.judged:
        return "还没有评定。"
    if criterion.basis == "P" and criterion.code not in decided.supplied:
        return "省级还没有录入结果。"
    return "" if found.status in (Status.MET, Status.EXEMPT) else found.words


def findings_to_reply(result: Mapping[str, Any], standard: Standard, decided: Decided) -> tuple[ProposalFinding, ...]:
    """What a county may agree or disagree with: the decision as a whole, everything that is not met or could not be
    computed, and every item that an inspector judged."""
    found = [ProposalFinding(DECISION, "", "处理建议整体", None, "")]
    found += [each for each in _computed(result, standard) if each.status is not Status.MET]
    for criterion in standard.criteria:
        item = _item(result, criterion)
        if item.status in (Status.NOT_MET, Status.UNKNOWN) or criterion.code in decided.judged:
            found.append(item)
    return tuple(found)


def _computed(result: Mapping[str, Any], standard: Standard) -> Iterator[ProposalFinding]:
    """Coefficients of every stage, or the composite where that decides, and the school rule."""
    places = standard.rounding.coefficient_places
    for stage in Stage:
        told, limit = result["stages"].get(stage.value), standard.coefficient_limits.get(stage)
        if told is None or limit is None:
            continue
        if standard.decides_by_composite:
            passed = told["composite_passed"]
            text = coefficient_text(told["composite"], passed, limit, places)
            yield _coefficient(COMPOSITE, stage, "综合差异系数", passed, text, plain(limit, 2))
            continue
        for indicator in standard.indicators:
            each = told["indicators"][indicator.code]
            text = coefficient_text(each["coefficient"], each["passed"], limit, places)
            name = f"{indicator.short_name}差异系数"
            yield _coefficient(indicator.code, stage, name, each["passed"], text, plain(limit, 2))
    if standard.has_school_rule:
        rows = result["schools"]
        failed = len({(row["code"], row["name"]) for row in rows if row["passed"] is False})
        unknown = len({(row["code"], row["name"]) for row in rows if row["passed"] is None})
        status = Status.NOT_MET if failed else Status.UNKNOWN if unknown else Status.MET
        counts = ((failed, "未达到学校标准"), (unknown, "无法核算"))
        words = "，".join(f"{count} 所学校{said}" for count, said in counts if count) or "每所学校均已达到学校标准"
        yield ProposalFinding(SCHOOLS, "", "学校达标情况", status, f"{words}。")


def _coefficient(code: str, stage: Stage, name: str, passed: bool | None, text: str, limit: str) -> ProposalFinding:
    words = f"{text}，上限 {limit}。" if passed is not None else f"{text}。"
    return ProposalFinding(code, stage.value, f"{stage.label}{name}", _PASSED[passed], words)


def _item(result: Mapping[str, Any], criterion: Criterion) -> ProposalFinding:
    told = result["criteria"][criterion.code]
    status = Status(told["status"])
    words = told["sentence"]
    if criterion.group == "veto" and status is Status.NOT_MET:
        words = f"存在一票否决情形。{words}"
    opinion = told.get("opinion", "")
    return ProposalFinding(criterion.code, "", criterion.name, status, words, opinion, criterion.group == "veto")
