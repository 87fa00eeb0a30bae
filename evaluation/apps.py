from django.apps import AppConfig
from django.conf import settings


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = "督导评估"

    def ready(self) -> None:
        # A receiver that cannot work is found when the portal starts, not when a county waits for a notice.
        if settings.WEBHOOKS:
            from evaluation.webhooks import read_webhooks

            read_webhooks(settings.WEBHOOKS)
