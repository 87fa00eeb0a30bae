"""The tables of the judging, by noun."""

from evaluation.models.decided import ItemJudgement, RelaxationGrant, SuppliedResult
from evaluation.models.judging import Finding, Job, JobStage, JobState, Standard, Verdict
from evaluation.models.laboratory import LaboratoryRun

__all__ = [
    "Finding",
    "ItemJudgement",
    "Job",
    "JobStage",
    "JobState",
    "LaboratoryRun",
    "RelaxationGrant",
    "Standard",
    "SuppliedResult",
    "Verdict",
]
