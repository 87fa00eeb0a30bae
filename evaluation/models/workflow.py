"""The evaluation of a county by people: its state, what was signed, and what is said about it on the way."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from evaluation.models.judging import Standard, Verdict
from evaluation.workflow import State
from indicators.models import StoredFile, Submission
from schools.models import County
from schools.vocabulary import Stage

_OVER = [state.value for state in State if not state.is_live]
_UNDER_WAY = [state.value for state in State if state.is_live and state is not State.PUBLISHED]
_OPEN_FOR_FILING = [State.DRAFT.value, State.RETURNED.value]
_PERSON = settings.AUTH_USER_MODEL


class Evaluation(models.Model):
    """One county, one school year, one standard. ``state`` changes only by ``evaluation.steps``, with ``version``: of
    two steps at once one wins. ``filing`` is what was signed last."""

    county = models.ForeignKey(County, models.PROTECT, related_name="evaluations", verbose_name="县")
    school_year = models.PositiveSmallIntegerField("学年")
    standard = models.ForeignKey(Standard, models.PROTECT, related_name="evaluations", verbose_name="标准")
    state = models.CharField("状态", max_length=20, choices=[(s.value, s.label) for s in State], default=State.DRAFT)
    version = models.PositiveIntegerField(default=0)
    since = models.DateTimeField("自", default=timezone.now)
    deadline = models.DateField("期限", null=True)
    filing = models.ForeignKey("Filing", models.PROTECT, null=True, related_name="+", verbose_name="签报")
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "督导评估"
        ordering: ClassVar = ["county", "-school_year", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["county", "school_year", "standard"],
                condition=~Q(state__in=_OVER) & Q(supersedes=None),
                name="evaluation_is_live_once",
            ),
            # A correction lives beside what it corrects; never two under way, never two that stand.
            models.UniqueConstraint(
                fields=["county", "school_year", "standard"],
                condition=Q(state__in=_UNDER_WAY),
                name="evaluation_is_under_way_once",
            ),
            models.UniqueConstraint(
                fields=["county", "school_year", "standard"],
                condition=Q(state="published"),
                name="evaluation_is_published_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_OPEN_FOR_FILING) | Q(filing__isnull=False),
                name="evaluation_beyond_draft_is_signed",
            ),
            models.CheckConstraint(condition=~Q(supersedes=F("pk")), name="evaluation_does_not_supersede_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.county.name} {self.school_year} {self.get_state_display()}"

    @property
    def state_of(self) -> State:
        """The state as the workflow knows it."""
        return State(self.state)


class Filing(models.Model):
    """What a signer signed: one version, its verdict, and hashes of everything they rest on, as canonical JSON
    (``manifest``). Never changed; the database refuses it."""

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="filings")
    number = models.CharField("签报编号", max_length=40, unique=True)
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="filings")
    verdict = models.ForeignKey(Verdict, models.PROTECT, related_name="filings")
    manifest = models.TextField("清单")
    sha256 = models.CharField(max_length=64)
    statement = models.TextField("声明")
    signed_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+", verbose_name="签报人")
    signer_name = models.CharField("姓名", max_length=40)
    signer_post = models.CharField("职务", max_length=60)
    signed_at = models.DateTimeField("签报时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "签报"
        ordering: ClassVar = ["evaluation", "-pk"]

    def __str__(self) -> str:
        return self.number


class ChainHead(models.Model):
    """The last link of the chain of events: one row, the lock of whoever adds the next."""

    number = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="chain_head_is_one_row")]

    def __str__(self) -> str:
        return f"{self.number} {self.sha256[:12]}"


class Event(models.Model):
    """One thing somebody did, append-only: each holds the hash of the one before. ``payload`` is canonical JSON."""

    number = models.PositiveBigIntegerField("序号", unique=True)
    at = models.DateTimeField("时间")
    kind = models.CharField("事项", max_length=40)
    county = models.ForeignKey(County, models.PROTECT, null=True, related_name="events", verbose_name="县")
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, null=True, related_name="events")
    actor = models.ForeignKey(_PERSON, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField("人", max_length=80, blank=True)
    party = models.CharField("身份", max_length=20, blank=True)
    source = models.CharField("从", max_length=20, blank=True)
    target = models.CharField("到", max_length=20, blank=True)
    reason = models.TextField("理由", blank=True)
    payload = models.TextField(default="{}")
    previous = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = verbose_name_plural = "留痕"
        ordering: ClassVar = ["number"]
        indexes: ClassVar = [
            models.Index(fields=["county", "number"], name="event_by_county"),
            models.Index(fields=["at"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class SendBack(models.Model):
    """What a reviewer sent back: reasons by cell and item, until when. Only what is listed is open for change."""

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="send_backs")
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="send_backs")
    reason = models.TextField("理由")
    deadline = models.DateField("期限")
    sent_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(auto_now_add=True)
    answered_by = models.OneToOneField(Filing, models.PROTECT, null=True, related_name="answers")

    class Meta:
        verbose_name = verbose_name_plural = "退回"
        ordering: ClassVar = ["evaluation", "-pk"]

    def __str__(self) -> str:
        return f"{self.evaluation} {self.deadline}"


class SendBackItem(models.Model):
    """One cell (sheet and cell) or one item (criterion) that was sent back, with the reason."""

    send_back = models.ForeignKey(SendBack, models.CASCADE, related_name="items")
    sheet = models.CharField(max_length=40, blank=True)
    cell = models.CharField(max_length=12, blank=True)
    school = models.CharField(max_length=200, blank=True)
    header = models.CharField(max_length=200, blank=True)
    criterion = models.CharField(max_length=10, blank=True)
    reason = models.TextField("理由")

    class Meta:
        ordering: ClassVar = ["send_back", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(criterion="") & ~Q(cell="") & ~Q(sheet="")) | (~Q(criterion="") & Q(cell="", sheet="")),
                name="send_back_item_is_a_cell_or_an_item",
            ),
        ]

    def __str__(self) -> str:
        return self.criterion or f"{self.sheet} {self.cell}"


class Question(models.Model):
    """A question on a cell or an item of what was signed, and its answer."""

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="questions")
    sheet = models.CharField(max_length=40, blank=True)
    cell = models.CharField(max_length=12, blank=True)
    header = models.CharField(max_length=200, blank=True)
    school = models.CharField(max_length=200, blank=True)
    criterion = models.CharField(max_length=10, blank=True)
    text = models.TextField("问题")
    asked_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField("答复", blank=True)
    answered_by = models.ForeignKey(_PERSON, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "问答"
        ordering: ClassVar = ["evaluation", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="question_answer_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]


class Proposal(models.Model):
    """What an inspector proposes: to certify or to decline. ``verdict`` is the one it rests on, with everything judged
    and supplied in it; the county may reply to its findings until ``reply_until`` or until it says it has finished;
    then the chief decides."""

    class Decision(models.TextChoices):
        CERTIFY = "certify", "建议认定"
        DECLINE = "decline", "建议不予认定"

    class Outcome(models.TextChoices):
        OPEN = "open", "待审定"
        APPROVED = "approved", "同意"
        REFUSED = "refused", "不同意"

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="proposals")
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="proposals")
    verdict = models.ForeignKey(Verdict, models.PROTECT, related_name="proposals")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = models.TextField("理由")
    reply_until = models.DateField("答复期限")
    proposed_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    finished_by = models.ForeignKey(_PERSON, models.PROTECT, null=True, related_name="+")
    finished_at = models.DateTimeField("县级答复完毕", null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    words = models.TextField("审定意见", blank=True)
    decided_by = models.ForeignKey(_PERSON, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "处理建议"
        ordering: ClassVar = ["evaluation", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["evaluation"], condition=Q(outcome="open"), name="proposal_is_open_once"),
            models.CheckConstraint(
                condition=Q(outcome="open", decided_by=None, decided_at=None)
                | (~Q(outcome="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="proposal_decision_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(finished_by=None, finished_at=None)
                | Q(finished_by__isnull=False, finished_at__isnull=False),
                name="proposal_finish_is_whole",
            ),
            # The chief who decides is never the inspector who proposed.
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="proposal_is_decided_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evaluation} {self.get_decision_display()}"


class Reply(models.Model):
    """The county's word on one finding of a proposal, and the province's answer to it."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="replies")
    finding = models.CharField("判定", max_length=10)
    stage = models.CharField(max_length=10, blank=True, choices=[(s.value, s.label) for s in Stage])
    agrees = models.BooleanField("同意")
    text = models.TextField("说明", blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    filename = models.CharField(max_length=200, blank=True)
    replied_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    replied_at = models.DateTimeField(auto_now_add=True)
    answer = models.TextField("答复", blank=True)
    answered_by = models.ForeignKey(_PERSON, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "县级意见"
        ordering: ClassVar = ["proposal", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "finding", "stage"], name="reply_is_unique_per_finding"),
            models.CheckConstraint(condition=Q(agrees=True) | ~Q(text=""), name="reply_that_disagrees_says_why"),
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="reply_answer_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.finding} {self.agrees}"


class Notice(models.Model):
    """公示 of an approved proposal, from one day to another, both included."""

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="notices")
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="notices")
    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="notice")
    opens_on = models.DateField("公示开始")
    closes_on = models.DateField("公示结束")
    opened_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "公示"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(closes_on__gte=F("opens_on")), name="notice_dates_are_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.opens_on} {self.closes_on}"


class Objection(models.Model):
    """What somebody objects to during 公示, and the answer. Name and contact are optional and never published.
    ``sender`` is a keyed hash of the address and the day: enough to count, not enough to find anybody."""

    class Result(models.TextChoices):
        OPEN = "open", "处理中"
        UPHELD = "upheld", "异议成立"
        DISMISSED = "dismissed", "异议不成立"

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="objections")
    number = models.CharField("编号", max_length=40, unique=True)
    text = models.TextField("异议内容")
    name = models.CharField("姓名", max_length=40, blank=True)
    contact = models.CharField("联系方式", max_length=100, blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    filename = models.CharField(max_length=200, blank=True)
    sender = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.OPEN)
    answer = models.TextField("答复", blank=True)
    answered_by = models.ForeignKey(_PERSON, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "异议"
        ordering: ClassVar = ["notice", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(result="open", answer="", answered_by=None, answered_at=None)
                | (~Q(result="open") & ~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="objection_answer_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Certificate(models.Model):
    """The certificate of a published evaluation. ``record`` is the frozen record everybody may read, as canonical JSON;
    what it is worth today is the state of the evaluation."""

    evaluation = models.OneToOneField(Evaluation, models.PROTECT, related_name="certificate")
    number = models.CharField("证书编号", max_length=40, unique=True)
    code = models.CharField("查询编号", max_length=30, unique=True)
    record = models.TextField("记录")
    sha256 = models.CharField(max_length=64, unique=True)
    issued_by = models.ForeignKey(_PERSON, models.PROTECT, related_name="+")
    issued_at = models.DateTimeField("颁发时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "证书"
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.number
