"""What letters to subscribers say, in plain Chinese, each with a permanent address."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.conf import settings
from django.urls import reverse

from evaluation.models import Evaluation
from evaluation.workflow import State, Step, Transition
from schools.models import County

_COUNTRY = "全国"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter without its receiver: subject, text and the address it leads to."""

    subject: str
    text: str
    link: str

    def told(self) -> dict[str, str]:
        """As it waits in the outbox."""
        return asdict(self)


def _letter(subject: str, text: str, link: str) -> Letter:
    # A name is typed by people; a subject has one line.
    return Letter(" ".join(subject.split()), text, link)


def confirmation(county: County | None, link: str, days: int) -> Letter:
    """Asks an address whether it wants letters."""
    name = county.full_name if county is not None else _COUNTRY
    return _letter(
        f"请确认邮件订阅：{name}",
        f"有人用这个邮箱申请订阅{name}义务教育优质均衡评估的公示、公布、更正和撤销。\n"
        f"如果是您本人，请打开下面的网址确认，{days} 天内有效。确认以前不会再给您发信。\n"
        "如果不是您，不必理会：到期没有确认，这个邮箱会自动删除。",
        link,
    )


def known_already(county: County | None, link: str) -> Letter:
    """Tells an address that asked again that it gets letters already."""
    name = county.full_name if county is not None else _COUNTRY
    return _letter(
        f"您已经订阅：{name}",
        f"有人用这个邮箱再次申请订阅{name}义务教育优质均衡评估的结果。您已经订阅，不需要再做什么。",
        link,
    )


def letter_of_step(evaluation: Evaluation, line: Transition, reason: str) -> Letter | None:
    """What is told of a step that was just taken; None where the public does not learn of it."""
    if line.step is Step.PUBLISH:
        certificate = evaluation.certificate
        what = "更正后的结果已经公布" if evaluation.supersedes_id is not None else "评估结果已经公布"
        text = f"证书编号：{certificate.number}。"
        if evaluation.supersedes_id is not None:
            text += "以前公布的结果由它取代，仍可按原来的网址查看。"
        return _about(evaluation, what, text, _result(evaluation))
    if line.step is Step.REVOKE:
        return _about(evaluation, "公布的结果已经撤销", _because(reason), _result(evaluation))
    if line.target is State.NOTICE:
        notice = evaluation.notices.order_by("-pk")[0]
        text = f"公示期：{notice.opens_on:%Y-%m-%d} 至 {notice.closes_on:%Y-%m-%d}。公示期内任何人都可以提出异议。"
        return _about(evaluation, "评估结果正在公示", text, f"{settings.SITE_URL}{reverse('notice', args=[notice.pk])}")
    if line.source is State.NOTICE and line.step is Step.UPHOLD_OBJECTION:
        notice = evaluation.notices.order_by("-pk")[0]
        link = f"{settings.SITE_URL}{reverse('notice', args=[notice.pk])}"
        return _about(evaluation, "公示已经终止", "有异议成立，评估退回重新办理。", link)
    return None


def letter_of_correction(evaluation: Evaluation, reason: str) -> Letter:
    """What is told when a published result is looked at again."""
    text = f"在更正后的结果公布以前，证书显示为复核中。{_because(reason)}"
    return _about(evaluation, "公布的结果正在更正", text, _result(evaluation))


def _about(evaluation: Evaluation, what: str, more: str, link: str) -> Letter:
    year = f"{evaluation.school_year}—{evaluation.school_year + 1}学年"
    name = evaluation.county.full_name
    text = f"{name}{year}，按《{evaluation.standard.name}》：{what}。\n{more}".strip()
    return _letter(f"{name}{year}：{what}", f"{text}\n详细内容和以后的变化见下面的固定网址。", link)


def _because(reason: str) -> str:
    return f"理由：{reason}" if reason else ""


def _result(evaluation: Evaluation) -> str:
    return f"{settings.SITE_URL}{reverse('result', args=[evaluation.certificate.code])}"
