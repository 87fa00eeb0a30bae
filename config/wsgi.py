"""The site as a WSGI application, for gunicorn."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from reports.charts.drawing import preload

application = get_wsgi_application()
# Every view is imported now: the first people after a start, or after a process was renewed, do not wait for it.
_ = get_resolver().url_patterns
# So is what charts are drawn with, which no command and no test waits for.
preload()
