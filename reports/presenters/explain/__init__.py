"""A figure explained: the formula, the formula with the county's numbers, the cell of each, the rounding, the article.

Everything is computed again, in fractions, from the frozen figures; what does not agree with the stored verdict is
raised as :class:`Disagreement` and never shown.
"""

from reports.presenters.explain.frozen import Frozen
from reports.presenters.explain.page import Disagreement, Explanation, Links

__all__ = ["Disagreement", "Explanation", "Frozen", "Links"]
