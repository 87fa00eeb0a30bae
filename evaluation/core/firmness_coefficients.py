"""How near each difference coefficient is to the other side of its limit (standard §3). Pure.

CV² + 1 = P_N · Σ x²/P ÷ (Σ x)². With one x_i moved by d this meets 1 + limit² at the roots of a quadratic in d; with
the pupils of one school moved, at the roots of a cubic. The roots name the cell; whether it turns is then decided as
the kernel decides it, for that number of steps and the one before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from evaluation.core.changes import Change, step_of
from evaluation.core.coefficient import Groups, grouped_coefficients, settle_exactly
from evaluation.core.columns import FloatArray, IntArray, SchoolColumns
from evaluation.core.contradictions import Contradictions
from evaluation.core.firmness_rows import ENROLLMENTS, own_cells, pupils_to_spare
from evaluation.core.gaps import weight_of
from evaluation.core.population import STAGES, Population
from evaluation.core.resources import OPEN, PASSED, StageResult
from evaluation.core.standard import Indicator, Standard
from schools.vocabulary import Stage

#: So many of the closest candidates are tried before none is told.
_MOST_TRIED = 12
#: A root lies this near to the step that turns it, on one side or the other.
_NEARBY = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class CoefficientFirmness:
    """One coefficient: whether it passes (None: undefined), the smallest change of one cell that turns it (None: none
    was found), and whether it is decided within the rounding of the page."""

    stage: Stage
    code: str
    coefficient: float | None
    limit: Fraction
    passed: bool | None
    change: Change | None
    is_borderline: bool


def firmness_of_coefficient(
    result: StageResult,
    schools: SchoolColumns,
    people: Population,
    indicator: Indicator,
    standard: Standard,
    contradictions: Contradictions,
) -> CoefficientFirmness:
    """One coefficient of the one county of ``result``; ``contradictions`` are those of its figures."""
    found = result.results[indicator.code]
    limit = standard.coefficient_limits[result.stage]
    outcome = int(found.outcome[0])
    value = float(found.coefficients.coefficient[0])
    if outcome == OPEN or not math.isfinite(value):
        return CoefficientFirmness(result.stage, indicator.code, None, limit, None, None, False)
    half = Fraction(1, 2 * 10**standard.rounding.coefficient_places)
    cell = _Cells(result, schools, people, indicator, standard, limit, outcome == PASSED)
    return CoefficientFirmness(
        result.stage,
        indicator.code,
        value,
        limit,
        outcome == PASSED,
        cell.smallest(contradictions),
        abs(Fraction(value) - limit) < half,
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A change the roots suggest: of the amount or of the pupils of a row, by so many steps away from nothing."""

    closeness: tuple[float, float]
    row: int
    key: str
    steps: int


class _Cells:
    """The cells behind one coefficient: what its roots suggest, and trying it."""

    def __init__(
        self,
        result: StageResult,
        schools: SchoolColumns,
        people: Population,
        indicator: Indicator,
        standard: Standard,
        limit: Fraction,
        is_passing: bool,
    ) -> None:
        self._schools, self._school, self._limit, self._is_passing = schools, result.school, limit, is_passing
        rows = result.rows[indicator.code]
        self._numerator, self._denominator, self._pupils = rows.numerator, rows.denominator, result.enrollment
        self._stage = STAGES.index(result.stage)
        self._weight = weight_of(indicator, result, standard)
        self._factor = indicator.factor / indicator.scale
        self._keys = own_cells(indicator, result, standard)
        self._step = step_of(indicator.stages[result.stage].plus[0])
        self._per_step = self._step * self._weight
        self._cells = {key: schools.column(key)[result.school] for key in self._keys}
        self._spare = pupils_to_spare(schools, people, standard)[result.school]
        # Σ weight × pupils of the other stages, which share what is counted here.
        others = rows.denominator - self._weight * result.enrollment
        self._others = others if indicator.shared else np.zeros_like(others)

    def smallest(self, contradictions: Contradictions) -> Change | None:
        """The change nearest to the cell's own size among those that turn the coefficient."""
        candidates = sorted((*self._amounts(), *self._enrollments()), key=lambda each: each.closeness)
        for each in candidates[:_MOST_TRIED]:
            change = self._turning(each)
            if change is not None and not contradictions.has(change):
                return change
        return None

    def _amounts(self) -> Iterator[_Candidate]:
        if not self._keys:
            return
        pupils = self._pupils.astype(np.float64)
        values = self._numerator * self._factor / self._denominator
        amounts = values * pupils
        total, squares, everybody = amounts.sum(), (amounts * values).sum(), pupils.sum()
        bound = 1 + float(self._limit) ** 2
        roots = _quadratic(
            everybody / pupils - bound,
            everybody * values - bound * total,
            np.full(len(pupils), everybody * squares - bound * total**2),
        )
        per_step = self._per_step * self._factor / self._denominator * pupils
        columns = np.stack([self._cells[key] for key in self._keys])
        largest = columns.argmax(axis=0)
        held = columns.max(axis=0).astype(np.float64)
        for root in roots:
            with np.errstate(invalid="ignore"):
                steps = np.sign(root) * np.ceil(np.abs(root) / per_step - 1e-9)
                size = np.abs(steps) * self._step
                possible = np.isfinite(steps) & (held + steps * self._step >= 0) & (total + root > 0)
                closeness = np.where(held > 0, size / np.where(held > 0, held, 1), np.inf)
            yield from self._nearest(possible, closeness, size, steps, [self._keys[k] for k in largest.tolist()])

    def _enrollments(self) -> Iterator[_Candidate]:
        pupils = self._pupils.astype(np.float64)
        values = self._numerator * self._factor / self._denominator
        everybody, total = pupils.sum(), (values * pupils).sum()
        squares = (values**2 * pupils).sum()
        bound = 1 + float(self._limit) ** 2
        rest, rest_total = everybody - pupils, total - values * pupils
        rest_squares = squares - values**2 * pupils
        amount = values * pupils
        alone = self._others == 0
        # What a stage has of its own stays the same whatever its pupils: A P² + (R A + x² − K) P + R x² = 0.
        middle = (rest * rest_squares + amount**2 - bound * total**2) / 2
        keys = [ENROLLMENTS[self._stage]] * len(pupils)
        for root in _quadratic(rest_squares, middle, rest * amount**2):
            yield from self._from_pupils(np.where(alone, root, np.nan), pupils, keys)
        several = np.flatnonzero(~alone)
        if len(several):
            shared = _Shared(
                rest[several],
                rest_total[several],
                rest_squares[several],
                np.asarray(self._numerator[several] * self._factor, np.float64),
                self._others[several].astype(np.float64),
                float(self._weight),
            )
            for found in shared.roots(bound):
                root = np.full(len(pupils), np.nan)
                root[several] = found
                yield from self._from_pupils(root, pupils, keys)

    def _from_pupils(self, root: FloatArray, pupils: FloatArray, keys: list[str]) -> Iterator[_Candidate]:
        with np.errstate(invalid="ignore"):
            more = root - pupils
            steps = np.sign(more) * np.ceil(np.abs(more) - 1e-9)
            possible = np.isfinite(steps) & (root > 0) & (pupils + steps >= 1) & (-steps <= self._spare)
        yield from self._nearest(possible, np.abs(steps) / pupils, np.abs(steps), steps, keys)

    def _nearest(
        self, possible: np.ndarray, closeness: FloatArray, size: FloatArray, steps: FloatArray, keys: list[str]
    ) -> Iterator[_Candidate]:
        chosen = np.flatnonzero(possible)
        order = np.lexsort((size[chosen], closeness[chosen]))[:_MOST_TRIED]
        for row in chosen[order].tolist():
            yield _Candidate((float(closeness[row]), float(size[row])), row, keys[row], int(steps[row]))

    def _turning(self, candidate: _Candidate) -> Change | None:
        """The candidate, or a neighbour of it, that turns the coefficient while one step less does not."""
        away = 1 if candidate.steps >= 0 else -1
        for nearby in _NEARBY:
            steps = candidate.steps + nearby * away
            if steps * away > 0 and self._turns(candidate, steps):
                is_pupils = candidate.key in ENROLLMENTS
                if nearby == _NEARBY[0] and steps != away and self._turns(candidate, steps - away):
                    return None
                row = candidate.row
                before = int(self._pupils[row] if is_pupils else self._cells[candidate.key][row])
                after = before + steps * (1 if is_pupils else self._step)
                if after < (1 if is_pupils else 0) or (is_pupils and before - after > self._spare[row]):
                    return None
                return Change(int(self._school[row]), candidate.key, before, after)
        return None

    def _turns(self, candidate: _Candidate, steps: int) -> bool:
        row = candidate.row
        numerator, denominator, pupils = self._numerator.copy(), self._denominator.copy(), self._pupils.copy()
        if candidate.key in ENROLLMENTS:
            pupils[row] += steps
            denominator[row] += self._weight * steps
            if pupils[row] < 1:
                return False
        else:
            numerator[row] += self._per_step * steps
        return self._is_within(numerator, denominator, pupils) is (not self._is_passing)

    def _is_within(self, numerator: IntArray, denominator: IntArray, pupils: IntArray) -> bool | None:
        groups = Groups.of(np.zeros(len(pupils), np.int64), pupils.astype(np.float64), 1)
        found = grouped_coefficients(numerator * self._factor / denominator, groups)
        within = settle_exactly(found, self._limit, numerator, denominator, groups)
        return bool(within[0]) if math.isfinite(float(found.coefficient[0])) else None


def _quadratic(a: FloatArray, half_b: FloatArray, c: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both roots of a·d² + 2·half_b·d + c, row by row, without cancelling; NaN where there are none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        q = -(half_b + np.where(half_b < 0, -1.0, 1.0) * np.sqrt(half_b**2 - a * c))
        first, second = q / a, c / q
    for each in (first, second):
        each[~np.isfinite(each)] = np.nan
    return first, second


@dataclass(frozen=True, slots=True)
class _Shared:
    """Rows of schools with several stages: the amount is ``share`` × P ÷ (``others`` + ``weight`` × P) and grows with
    the pupils P; ``rest`` are the pupils of all other rows, with the sums of their amounts and squares."""

    rest: FloatArray
    rest_total: FloatArray
    rest_squares: FloatArray
    share: FloatArray
    others: FloatArray
    weight: float

    def roots(self, bound: float) -> list[FloatArray]:
        """The pupils at which CV² + 1 is ``bound``, at most three a row; NaN where there are fewer."""
        lead = self.rest_squares * self.weight**2
        second = 2 * self.rest_squares * self.others * self.weight + self.share**2
        last = self.rest_squares * self.others**2
        slope, base = self.rest_total * self.weight + self.share, self.rest_total * self.others
        companion = np.zeros((len(self.rest), 3, 3))
        companion[:, 1, 0] = companion[:, 2, 1] = 1.0
        # Nobody else has anything: there is no cubic, and no other school to differ from either.
        is_cubic = lead > 0
        for column, below in enumerate(
            (
                self.rest * lead + second - bound * slope**2,
                self.rest * second + last - 2 * bound * slope * base,
                self.rest * last - bound * base**2,
            )
        ):
            companion[:, 0, column] = -np.divide(below, lead, out=np.zeros_like(below), where=is_cubic)
        found = np.linalg.eigvals(companion)
        real = is_cubic[:, None] & (np.abs(found.imag) < 1e-6 * np.maximum(1.0, np.abs(found.real)))
        roots = np.where(real, found.real, np.nan)
        return [roots[:, position] for position in range(3)]
