"""Celery's side door into the actions: a task is a doorbell that carries an id."""

from celery import shared_task

from evaluation import documents_kept, jobs, outbox, people, reminders, subscribing, working
from evaluation.open_data import building

#: The last resort against a process that hangs where not even its own watchdog runs: Celery kills it.
_HARD_LIMIT_SECONDS = 15 * 60
_LARGEST_ID = 2**63 - 1


@shared_task(name="evaluation.judge", time_limit=_HARD_LIMIT_SECONDS)
def judge(job_id: object) -> None:
    """Claim the job and run it; a message that comes twice, late or forged finds nothing to claim."""
    # Who can write to the queue can send anything: what is no id of a row is no doorbell. A bool is an int in Python.
    if type(job_id) is int and 0 < job_id <= _LARGEST_ID:
        working.answer(job_id)


@shared_task(name="evaluation.ring_waiting_jobs")
def ring_waiting_jobs() -> None:
    """Every few seconds: jobs of dead workers are freed, and those nobody took are rung for again."""
    jobs.release_dead_workers()
    jobs.ring_waiting()


@shared_task(name="evaluation.send_outbox")
def send_outbox() -> None:
    """Every few seconds: send the letters and notices that are due."""
    outbox.send_outbox()


@shared_task(name="evaluation.remind_of_deadlines")
def remind_of_deadlines() -> None:
    """Some times a day: whoever has to act soon is reminded, each once."""
    reminders.remind_of_deadlines()


@shared_task(name="evaluation.close_idle_accounts")
def close_idle_accounts() -> None:
    """Some times a day: accounts nobody used for long are closed, invitations that ran out are taken back."""
    people.close_idle_accounts()


@shared_task(name="evaluation.clear_subscriptions")
def clear_subscriptions() -> None:
    """Some times a day: addresses that were not confirmed in time are forgotten."""
    subscribing.clear_subscriptions()


@shared_task(name="evaluation.build_open_data")
def build_open_data() -> None:
    """Some times a day: years of which something was published get a new package, once a day at most."""
    building.build_due()


@shared_task(name="evaluation.clear_school_plans")
def clear_school_plans() -> None:
    """Some times a day: the plans of single schools whose time is over are given up, their numbers and hashes stay."""
    documents_kept.clear_school_plans()
