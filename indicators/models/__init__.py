"""What a county reports and what its people say about it, by noun."""

from indicators.models.evidence import ChecklistTask, Evidence
from indicators.models.explained import Explanation
from indicators.models.reported import CountyFigure, ReportedProblem, SchoolRecord, StoredFile, Submission
from indicators.models.revised import CellChange, RegisterProposal
from indicators.models.rules import RuleSetting

__all__ = [
    "CellChange",
    "ChecklistTask",
    "CountyFigure",
    "Evidence",
    "Explanation",
    "RegisterProposal",
    "ReportedProblem",
    "RuleSetting",
    "SchoolRecord",
    "StoredFile",
    "Submission",
]
