from django.apps import AppConfig
from django.conf import settings


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "结果展示"

    def ready(self) -> None:
        """Give ``evaluation`` what it may not import: the maker of documents, and who listens to its verdicts."""
        from evaluation.document_making import use_maker
        from reports.documents.maker import DocumentMaker

        use_maker(DocumentMaker())
        # Without a store that all processes share, what a worker keeps no page finds.
        if settings.REDIS_URL:
            from evaluation.judged import judged
            from reports.firmness_kept import prepare_firmness

            judged.connect(prepare_firmness)
