"""Celery's side door into the actions of this app."""

from celery import shared_task

from indicators import kept


@shared_task(name="indicators.clear_refused_files")
def clear_refused_files() -> None:
    """Clear the refused files whose time is over; nothing is lost where this does not run for a while."""
    kept.clear_files_that_are_due()
