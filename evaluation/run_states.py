"""Where a national run stands: every change of its state is one conditional update, of two at once one wins.

Locks are taken in one order everywhere: a job's row, then its run's.
"""

from __future__ import annotations

from django.utils import timezone

from evaluation.models import JobState, NationalRun, RunBatch, RunState

GOING_ON = (RunState.RUNNING, RunState.PAUSED)
_OVER = (JobState.DONE, JobState.SET_ASIDE)


def move(run_id: int, before: tuple[RunState, ...], after: RunState) -> bool:
    """Bring a run from one of some states to another; False where it is in none of them."""
    ended = timezone.now() if after not in GOING_ON else None
    return bool(NationalRun.objects.filter(pk=run_id, state__in=before).update(state=after, finished_at=ended))


def hold(run_id: int) -> NationalRun:
    """The run as it stands, held until the transaction ends: nobody pauses, cancels or closes it meanwhile."""
    return NationalRun.objects.select_for_update(no_key=True).get(pk=run_id)


def close_if_over(run_id: int) -> bool:
    """Call a run done when each of its batches is done or set aside; False where one is still open. Call inside the
    transaction that ends a batch: the run's row is held first, so that of two last batches the later sees both."""
    if hold(run_id).state not in GOING_ON:
        return False
    if RunBatch.objects.filter(run=run_id).exclude(job__state__in=_OVER).exists():
        return False
    return move(run_id, GOING_ON, RunState.DONE)
