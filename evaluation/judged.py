"""Told in a worker that has nothing else to do, after the last word on a job about a version is stored. What pages need
may then be made ready: ``reports`` listens, which this room may not import; whatever a listener raises is logged and
changes nothing."""

from django.dispatch import Signal

#: Sent with ``version``; whether there is a verdict, the listener sees.
judged = Signal()
