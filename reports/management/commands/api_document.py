"""Print the OpenAPI document of the interface, or the lines that programs rely on (fixtures/api/v1.txt)."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reports.api.document import document_lines, openapi_document


class Command(BaseCommand):
    help = "输出接口的 OpenAPI 文档；--lines 输出程序所依赖的各项，一项一行"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lines", action="store_true", help="一项一行")

    def handle(self, *args: Any, lines: bool, **options: Any) -> None:
        document = openapi_document()
        told = "\n".join(document_lines(document)) if lines else json.dumps(document, ensure_ascii=False, indent=1)
        self.stdout.write(told)
