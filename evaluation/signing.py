"""Signing: what stands in the way, the signature with everything it covers, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluation.freezing import lock_county
from evaluation.manifest import Signed, content_now, manifest_of, moment, sha256_of, text_of
from evaluation.models import Evaluation, Filing, JobState, Verdict
from evaluation.permissions import Person, Refused, can_see_trial, why_not_sign
from evaluation.queries import default_standard, evaluation_of, job_of, verdict_of
from evaluation.sending_back import record_answer, why_not_resubmit
from evaluation.steps import take_step
from evaluation.workflow import State, Step
from indicators.explanations import open_explanations
from indicators.models import Submission
from schools.models import County, User

LONGEST_NAME = Filing._meta.get_field("signer_name").max_length or 0
LONGEST_POST = Filing._meta.get_field("signer_post").max_length or 0


@dataclass(frozen=True, slots=True)
class ToSign:
    """What there is to sign for a county and year, and every reason why ``user`` may not sign it now. ``evaluation``
    is None before the first signature; ``version`` is the version of the evaluation to be sent back with the form."""

    evaluation: Evaluation | None
    submission: Submission | None
    verdict: Verdict | None
    reasons: tuple[str, ...]

    @property
    def version(self) -> int:
        return self.evaluation.version if self.evaluation is not None else 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the signer had before their eyes: submission and verdict by primary key, and the evaluation's version."""

    submission: int
    verdict: int
    version: int


@dataclass(frozen=True, slots=True)
class Signature:
    """What the signer wrote. ``accepts`` the statement; ``is_confirmed``: the password was typed again and is right."""

    name: str
    post: str
    accepts: bool
    is_confirmed: bool


def under_way(county: County, school_year: int) -> Evaluation | None:
    """The evaluation that a signature would belong to: the newest, unless it is over; None where there is none yet."""
    newest = evaluation_of(county, school_year)
    return newest if newest is not None and newest.state_of.is_live else None


def to_sign(user: Person, county: County, school_year: int) -> ToSign:
    """The newest version with its verdict, and what stands in the way of signing it."""
    evaluation = under_way(county, school_year)
    versions = Submission.objects.filter(county=county, school_year=school_year).select_related("uploaded_by", "county")
    newest = versions.order_by("-version").first()
    verdict = verdict_of(newest) if newest is not None else None
    reasons = [why_not_sign(user, county), _why_not_this_state(evaluation)]
    if newest is None:
        reasons.append("本学年还没有上传过数据。请填报员先上传填好的工作簿。")
    else:
        reasons += [_why_not_judged(newest, verdict), _why_not_explained(newest), _why_not_this_person(user, newest)]
        if evaluation is not None and newest.is_readable:
            reasons.append(why_not_resubmit(evaluation, newest))
    return ToSign(evaluation, newest, verdict, tuple(filter(None, reasons)))


def _why_not_this_state(evaluation: Evaluation | None) -> str:
    if evaluation is None or evaluation.state_of in (State.DRAFT, State.RETURNED):
        return ""
    return f"本学年已经签报，现在是“{evaluation.state_of.label}”，不能再次签报。"


def _why_not_judged(newest: Submission, verdict: Verdict | None) -> str:
    number = f"第 {newest.version} 版"
    job = job_of(newest)
    if job is not None and job.state == JobState.SET_ASIDE:
        return f"{number}的处理没有完成。请打开这一版重新处理，有了结论才能签报。"
    if newest.read_at is None or (job is not None and not job.is_over):
        return f"{number}还在处理，处理完成、有了结论才能签报。"
    if not newest.is_readable:
        return f"{number}的文件不能使用，没有结论。请更正后重新上传，再签报。"
    if verdict is None:
        return f"{number}还没有结论，不能签报。"
    if verdict.passed is None:
        return f"{number}未能判定：数据不全。缺少数据不视为达标，也不能签报；请补齐后重新上传。"
    return ""


def _why_not_explained(newest: Submission) -> str:
    count = open_explanations(newest).count()
    return f"第 {newest.version} 版还有 {count} 处“必须说明”没有说明，请填报员逐条填写。" if count else ""


def _why_not_this_person(user: Person, newest: Submission) -> str:
    """Who signs has not prepared what they sign: neither this version nor any it was made from."""
    if why_not_sign(user, newest.county):
        return ""  # said already, and better
    version: Submission | None = newest
    while version is not None:
        if version.uploaded_by_id == user.pk:
            made = "由您上传" if version.pk == newest.pk else f"是在您上传的第 {version.version} 版上更正的"
            return f"第 {newest.version} 版{made}。签报人不能是同一份数据的填报员，请由另一位签报人签报。"
        version = version.based_on
    return ""


def statement_for(submission: Submission, verdict: Verdict) -> str:
    """What the signer declares, word for word as it is kept."""
    words = (
        f"本人代表{submission.county.full_name}签报{submission.school_year_label}第 {submission.version} 版数据，"
        "声明所报数据和佐证材料真实、准确、完整，没有隐瞒、编造或篡改，并对此承担责任。"
    )
    if verdict.passed is False:
        words += f"本人知悉按《{verdict.standard.name}》核算，本县尚未达标，仍如实上报。"
    return words


def submit(user: User, county: County, school_year: int, seen: Seen, signature: Signature) -> Filing:
    """Sign the newest version with its verdict: everything it stands on is sealed, and the evaluation goes to the city.
    Raises Refused with the reason, and Overtaken where somebody signed first."""
    name, post = _check_signature(user, county, signature)
    with transaction.atomic():
        lock_county(county.pk)
        evaluation = under_way(county, school_year)
        if evaluation is not None and evaluation.version != seen.version:
            # Never moves: it says who was first.
            take_step(user, evaluation, Step.SUBMIT, seen.version)
        found = to_sign(user, county, school_year)
        if found.reasons:
            raise Refused(found.reasons[0])
        if found.submission is None or found.verdict is None:
            raise Refused("本学年没有可以签报的数据。")
        if (found.submission.pk, found.verdict.pk) != (seen.submission, seen.verdict):
            raise Refused(
                f"您查看之后数据有了变化：现在是第 {found.submission.version} 版、第 {found.verdict.number} 次核算。"
                "没有签报，请核对后再签。"
            )
        if evaluation is None:
            evaluation = Evaluation.objects.create(county=county, school_year=school_year, standard=default_standard())
        filing = _file(user, evaluation, found.submission, found.verdict, name, post)

        def told(_: Evaluation) -> Mapping[str, Any]:
            record_answer(evaluation, filing)
            return {
                "filing": filing.number,
                "manifest": filing.sha256,
                "submission": filing.submission_id,
                "verdict": found.verdict.sha256 if found.verdict else "",
            }

        take_step(user, evaluation, Step.SUBMIT, seen.version, effect=told, changes={"filing": filing})
    return filing


def _check_signature(user: User, county: County, signature: Signature) -> tuple[str, str]:
    if reason := why_not_sign(user, county):
        raise Refused(reason)
    if not signature.is_confirmed:
        raise Refused("密码不正确，没有签报。请重新输入登录密码。")
    if not signature.accepts:
        raise Refused("请阅读声明并勾选“同意”，再签报。")
    name, post = signature.name.strip(), signature.post.strip()
    for label, text, longest in (("姓名", name, LONGEST_NAME), ("职务", post, LONGEST_POST)):
        if not text:
            raise Refused(f"请填写签报人的{label}。")
        if len(text) > longest or not text.isprintable():
            raise Refused(f"{label}最多 {longest} 个字，不能有换行或看不见的字符。")
    return name, post


def _file(user: User, evaluation: Evaluation, submission: Submission, verdict: Verdict, name: str, post: str) -> Filing:
    year, county, at = evaluation.school_year, evaluation.county_id, timezone.now()
    so_far = Filing.objects.filter(evaluation__county=county, evaluation__school_year=year).count()
    number = f"QB-{county}-{year}-{so_far + 1:02d}"
    statement = statement_for(submission, verdict)
    signed = Signed(number, user.pk, name, post, statement, moment(at))
    manifest = text_of(manifest_of(evaluation, content_now(submission, verdict), signed))
    return Filing.objects.create(
        evaluation=evaluation,
        number=number,
        submission=submission,
        verdict=verdict,
        manifest=manifest,
        sha256=sha256_of(manifest),
        statement=statement,
        signed_by=user,
        signer_name=name,
        signer_post=post,
        signed_at=at,
    )


def withdraw(user: User, evaluation: Evaluation, seen_version: int, reason: str) -> None:
    """Take a signature back while the city has not acted: the data open again; the filing stays on record. Raises
    Refused, and Overtaken where the city was first."""
    if not can_see_trial(user, evaluation.county_id):
        raise Refused("只有本县的签报人可以撤回签报。")
    take_step(user, evaluation, Step.WITHDRAW, seen_version, reason=reason)
