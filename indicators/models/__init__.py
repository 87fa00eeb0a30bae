"""What a county reports and what its people say about it, by noun."""

from indicators.models.evidence import ChecklistTask, Evidence
from indicators.models.explained import Explanation
from indicators.models.mapped import HeaderMapping
from indicators.models.partial import PartialWorkbook
from indicators.models.reported import CountyFigure, ReportedProblem, SchoolRecord, StoredFile, Submission
from indicators.models.revised import CellChange, RegisterProposal
from indicators.models.rules import RuleSetting

__all__ = [
    "CellChange",
    "ChecklistTask",
    "CountyFigure",
    "Evidence",
    "Explanation",
    "HeaderMapping",
    "PartialWorkbook",
    "RegisterProposal",
    "ReportedProblem",
    "RuleSetting",
    "SchoolRecord",
    "StoredFile",
    "Submission",
]
