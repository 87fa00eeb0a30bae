"""The tables of the judging and of the evaluation by people, by noun."""

from evaluation.models.decided import ItemJudgement, RelaxationGrant, SuppliedResult
from evaluation.models.judging import Finding, Job, JobStage, JobState, Standard, Verdict
from evaluation.models.laboratory import LaboratoryRun
from evaluation.models.people import Assignment, Message, OutboxEntry, Recusal
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
    "Assignment",
    "Certificate",
    "ChainHead",
    "Evaluation",
    "Event",
    "Filing",
    "Finding",
    "ItemJudgement",
    "Job",
    "JobStage",
    "JobState",
    "LaboratoryRun",
    "Message",
    "Notice",
    "Objection",
    "OutboxEntry",
    "Proposal",
    "Question",
    "Recusal",
    "RelaxationGrant",
    "Reply",
    "SendBack",
    "SendBackItem",
    "Standard",
    "SuppliedResult",
    "Verdict",
]
