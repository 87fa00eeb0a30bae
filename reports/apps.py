from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "结果展示"

    def ready(self) -> None:
        """Give ``evaluation`` the maker of documents, which it may not import."""
        from evaluation.document_making import use_maker
        from reports.documents.maker import DocumentMaker

        use_maker(DocumentMaker())
