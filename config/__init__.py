"""How the site is wired. Celery is loaded only where there is a broker: commands start faster without it."""

import os

if os.environ.get("REDIS_URL"):
    from config.celery import app as celery_app

    __all__ = ["celery_app"]
