"""Celery's side door into the actions: a task is a doorbell that carries an id."""

from celery import shared_task

from evaluation import actions, jobs, outbox, people, reminders
from indicators.workbook.sandbox import keep_one_ready


@shared_task(name="evaluation.judge")
def judge(job_id: int) -> None:
    """Claim the job and run it; a message that comes twice, late or forged finds nothing to claim."""
    job = jobs.claim(job_id)
    if job is not None:
        actions.run_job(job)
        keep_one_ready()


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
