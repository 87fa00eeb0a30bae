"""The tables of the judging and of the evaluation by people, by noun."""

from evaluation.models.decided import ItemJudgement, RelaxationGrant, SuppliedResult
from evaluation.models.documents import DocumentOrder, DocumentTemplate, IssuedDocument
from evaluation.models.judging import Finding, Job, JobStage, JobState, Standard, Verdict
from evaluation.models.laboratory import LaboratoryRun
from evaluation.models.national import (
    NationalRun,
    RadarHit,
    RadarScan,
    RunBatch,
    RunFinding,
    RunState,
    RunVerdict,
)
from evaluation.models.open_data import OpenDataPackage
from evaluation.models.operations import WorkerPulse
from evaluation.models.people import Assignment, Message, OutboxEntry, Recusal
from evaluation.models.publication import FEWEST_PUPILS, MOST_FEWEST_PUPILS, PublicationRule, PublishedFacts
from evaluation.models.subscriptions import Subscription, SubscriptionAsk
from evaluation.models.workflow import (
    Certificate,
    ChainHead,
    Evaluation,
    Event,
    Filing,
    Notice,
    Objection,
    Proposal,
    Question,
    Reply,
    SendBack,
    SendBackItem,
)

__all__ = [
    "FEWEST_PUPILS",
    "MOST_FEWEST_PUPILS",
    "Assignment",
    "Certificate",
    "ChainHead",
    "DocumentOrder",
    "DocumentTemplate",
    "Evaluation",
    "Event",
    "Filing",
    "Finding",
    "IssuedDocument",
    "ItemJudgement",
    "Job",
    "JobStage",
    "JobState",
    "LaboratoryRun",
    "Message",
    "NationalRun",
    "Notice",
    "Objection",
    "OpenDataPackage",
    "OutboxEntry",
    "Proposal",
    "PublicationRule",
    "PublishedFacts",
    "Question",
    "RadarHit",
    "RadarScan",
    "Recusal",
    "RelaxationGrant",
    "Reply",
    "RunBatch",
    "RunFinding",
    "RunState",
    "RunVerdict",
    "SendBack",
    "SendBackItem",
    "Standard",
    "Subscription",
    "SubscriptionAsk",
    "SuppliedResult",
    "Verdict",
    "WorkerPulse",
]
