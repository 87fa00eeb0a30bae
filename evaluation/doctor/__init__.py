"""What `manage.py doctor` looks at, and what it says: each check by what it is about."""

from evaluation.doctor.configuration import CONFIGURATION
from evaluation.doctor.machinery import MACHINERY
from evaluation.doctor.opinion import Advice, Check, Level, Opinion, examine
from evaluation.doctor.records import RECORDS

#: Every check by its name, in the order they are made; the second of each pair says whether it asks the database.
CHECKS: dict[str, tuple[Check, bool]] = CONFIGURATION | MACHINERY | RECORDS

__all__ = ["CHECKS", "Advice", "Check", "Level", "Opinion", "examine"]
