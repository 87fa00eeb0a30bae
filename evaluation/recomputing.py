"""Whether everything that was signed still stands as it was signed: every filing against its manifest and the chain,
every verdict computed again from figures, standard, day and decisions. Reads alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Q

from evaluation.core.decided import Decided
from evaluation.core.verdict import judge_report
from evaluation.judging import canonical_json, findings_of
from evaluation.manifest import Signed, content_of, manifest_of, moment, sha256_of
from evaluation.models import Evaluation, Event, Filing, Verdict
from evaluation.queries import decided_about, verdict_of
from evaluation.standards import parsed_standard
from evaluation.workflow import State, Step
from indicators.models import Evidence
from indicators.queries import report_of

_AT_A_TIME = 50
Row = TypeVar("Row", Filing, Verdict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was signed: the number of the filing (or of what else it concerns), and how."""

    where: str
    words: str


def differences() -> Iterator[Difference]:
    """Everything that is not as it was signed; nothing where all is whole."""
    yield from _not_in_the_chain()
    yield from _states_out_of_step()
    yield from _decisions_out_of_step()
    for filing in Filing.objects.order_by("pk").iterator():
        for words in _guarded(differences_of, filing):
            yield Difference(filing.number, words)


def _guarded(check: Callable[[Row], Iterator[str]], row: Row) -> list[str]:
    """What a check finds; a row it cannot even read is a finding, not a failure of the command."""
    try:
        return list(check(row))
    except Exception as error:
        return [f"记录无法读取或核对（{type(error).__name__}：{error}）。"]


def differences_of(filing: Filing) -> Iterator[str]:
    """What of one filing is not as it was signed: the record itself, the rows behind it, the verdict."""
    if sha256_of(filing.manifest) != filing.sha256:
        yield "清单与签报时的散列值不符。"
    told: dict[str, Any] = json.loads(filing.manifest)
    signed = Signed(**told["signed"])
    own = Signed(
        filing.number,
        filing.signed_by_id,
        filing.signer_name,
        filing.signer_post,
        filing.statement,
        moment(filing.signed_at),
    )
    if signed != own:
        yield "签报编号、签报人、时间或声明与清单不符。"
    rests_on = (filing.evaluation_id, filing.submission_id, filing.verdict_id)
    if rests_on != (told["evaluation"], told["submission"]["id"], told["verdict"]["id"]):
        yield "签报所指的评估、填报版本或结论与清单不符。"
    yield from _changed_rows(filing, told, signed)
    yield from _withdrawn_under_seal(filing, told)
    yield from differences_of_verdict(filing.verdict)


_PARTS = {
    "evaluation": "评估", "county": "县", "school_year": "学年", "signed": "签报", "submission": "填报版本或其文件",
    "schools": "学校数据", "problems": "数据问题", "changes": "单元格变更",
    "figures": "数据", "standard": "标准", "verdict": "结论", "explanations": "情况说明",
    "evidence": "佐证材料或其文件", "items": "材料清单", "schema": "清单格式",
}  # fmt: skip


def _changed_rows(filing: Filing, told: Mapping[str, Any], signed: Signed) -> Iterator[str]:
    """The manifest made again from the rows, part by part against the one that was signed."""
    now = manifest_of(filing.evaluation, content_of(filing, told), signed)
    for part in sorted(told.keys() | now.keys()):
        if part == "figures":
            for each in sorted(told[part].keys() | now[part].keys()):
                if told[part].get(each) != now[part].get(each):
                    yield f"{'县级数据' if each == 'county' else _PARTS.get(each, each)}与签报时不同。"
        elif told.get(part) != now.get(part):
            yield f"{_PARTS.get(part, part)}与签报时不同。"


def _withdrawn_under_seal(filing: Filing, told: Mapping[str, Any]) -> Iterator[str]:
    """Evidence may be withdrawn once the data are open again, never while they are sealed."""
    evaluation = filing.evaluation
    if evaluation.filing_id != filing.pk or not evaluation.state_of.is_frozen:
        return
    named = Evidence.objects.filter(pk__in=[each["id"] for each in told["evidence"]])
    for each in named.filter(~Q(withdrawn_at=None) | ~Q(withdrawn_by=None)):
        yield f"佐证材料“{each.filename}”在封存期间被撤回。"


def verdicts_recomputed(*, unsigned_too: bool) -> Iterator[tuple[str, list[str]]]:
    """Every verdict of a signed version, or every verdict there is, computed again: which it is, and what differs."""
    verdicts = Verdict.objects.select_related("submission__county", "standard").order_by("pk")
    if not unsigned_too:
        verdicts = verdicts.filter(submission__in=Filing.objects.order_by().values("submission"))
    for verdict in verdicts.iterator(chunk_size=_AT_A_TIME):
        yield str(verdict.submission), _guarded(differences_of_verdict, verdict)


def recomputed(verdict: Verdict) -> str:
    """The document of a verdict computed again from the stored figures, standard, day and decisions."""
    report, standard = report_of(verdict.submission), parsed_standard(verdict.standard)
    return canonical_json(judge_report(report, standard, verdict.as_of, Decided.of(verdict.decided)))


def differences_of_verdict(verdict: Verdict) -> Iterator[str]:
    """What of a verdict is not what the same figures, standard, day and decisions give now, to the byte."""
    if sha256_of(verdict.document) != verdict.sha256:
        yield f"第 {verdict.number} 次核算的结果与散列值不符。"
    document = recomputed(verdict)
    if document != verdict.document:
        yield f"第 {verdict.number} 次核算的结果与重新核算的不同。"
    result = json.loads(verdict.document)
    if (verdict.passed, verdict.complete) != (result["passed"], result["complete"]):
        yield f"第 {verdict.number} 次核算的结论与结果不符。"
    stored = set(verdict.findings.values_list("code", "stage", "status", "value"))
    if stored != {(each.code, each.stage, each.status, each.value) for each in findings_of(verdict, result)}:
        yield f"第 {verdict.number} 次核算的逐项判定与结果不符。"


def _not_in_the_chain() -> Iterator[Difference]:
    """Every signature is an event with the hash of its filing, and the other way round."""
    filings = dict(Filing.objects.values_list("number", "sha256"))
    told: dict[str, str] = {}
    for number, payload in Event.objects.filter(kind=Step.SUBMIT).order_by("number").values_list("number", "payload"):
        try:
            said = json.loads(payload)
            filing, sha256 = said["filing"], said["manifest"]
        except (ValueError, KeyError, TypeError):
            yield Difference(f"留痕 {number}", "签报的留痕没有写明签报编号和散列值。")
            continue
        told[filing] = sha256
        if filing not in filings:
            yield Difference(filing, "留痕中有这次签报，签报记录却不存在。")
        elif filings[filing] != sha256:
            yield Difference(filing, "签报的散列值与留痕不符。")
    for filing in sorted(filings.keys() - told.keys()):
        yield Difference(filing, "这份签报没有留痕。")


def _states_out_of_step() -> Iterator[Difference]:
    """The state of every evaluation is where its last step led, and its filing the one signed last."""
    last_step: dict[int, str] = {}
    last_filing: dict[int, str] = {}
    steps = Event.objects.exclude(evaluation=None).exclude(target="").order_by("number")
    for evaluation, kind, target, payload in steps.values_list("evaluation_id", "kind", "target", "payload"):
        last_step[evaluation] = target
        if kind == Step.SUBMIT:
            last_filing[evaluation] = payload
    for each in Evaluation.objects.select_related("filing").order_by("pk"):
        where = each.filing.number if each.filing else f"评估 {each.pk}"
        if each.state != last_step.get(each.pk, State.DRAFT.value):
            yield Difference(where, f"评估的状态“{each.get_state_display()}”不是最后一步留痕所到的状态。")
        signed_last = last_filing.get(each.pk)
        number = each.filing.number if each.filing else None
        if signed_last is not None and f'"filing":"{number}"' not in signed_last:
            yield Difference(where, "评估所指的签报不是留痕中的最后一次签报。")


def _decisions_out_of_step() -> Iterator[Difference]:
    """What was judged and supplied about a county under review is what its newest verdict rests on: every decision is
    followed by a verdict in its transaction."""
    for each in Evaluation.objects.exclude(filing=None).select_related("county", "filing__submission").order_by("pk"):
        if not (each.state_of.is_live and each.state_of.is_frozen):
            continue
        verdict = verdict_of(each.filing.submission)
        now, then = decided_about(each.county, each.school_year), Decided.of(verdict.decided if verdict else "")
        if (now.judged, now.supplied) != (then.judged, then.supplied):
            yield Difference(each.filing.number, "督学评定或省级录入的记录与最近一次核算所依据的不同。")
