"""Celery's side door into the actions: a task is a doorbell that carries an id."""

from celery import shared_task

from evaluation import actions, jobs
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
