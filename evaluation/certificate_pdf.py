"""The certificate as a PDF, made from its record alone: one record gives the same pages, and is attached to them."""

from __future__ import annotations

import datetime
import hashlib
import json
from functools import lru_cache
from typing import Any

import qrcode
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from evaluation.certificate_file import published_file, sha256_of
from evaluation.models import Certificate

_STYLE = settings.BASE_DIR / "static" / "certificate.css"
MISSING_LIBRARIES = (
    "服务器缺少生成 PDF 的系统组件（Pango），暂时不能下载 PDF。证书照常有效，可以下载记录（JSON）核验；"
    "请管理员安装 libpango-1.0-0、libpangoft2-1.0-0、libharfbuzz-subset0 和 fonts-noto-cjk。"
)


class CannotPrint(Exception):
    """No PDF can be made on this machine; the message is meant for whoever asked for it."""


def certificate_pdf(certificate: Certificate) -> bytes:
    """The PDF of a certificate. Raises CannotPrint where the system's libraries are missing."""
    return print_record(certificate.record)


def is_own_print(certificate: Certificate, pdf: bytes) -> bool:
    """Whether a PDF is byte for byte what is printed here now. A no may also mean another version of the printer."""
    try:
        own = certificate_pdf(certificate)
    except CannotPrint:
        return False
    return hashlib.sha256(own).digest() == hashlib.sha256(pdf).digest()


@lru_cache(maxsize=16)
def print_record(record_text: str) -> bytes:
    """Print a record. Raises CannotPrint."""
    try:
        # Here and not above: loading it needs libraries of the system, and the portal runs without them.
        from weasyprint import CSS, HTML, Attachment
        from weasyprint.text.fonts import FontConfiguration
    except OSError as error:
        raise CannotPrint(MISSING_LIBRARIES) from error
    record: dict[str, Any] = json.loads(record_text)
    file = published_file(record_text)
    sha256 = sha256_of(record_text)
    year, month, day = record["published"]["on"].split("-")
    context = {
        "record": record,
        "sha256": sha256,
        "sha256_lines": [sha256[:32], sha256[32:]],
        "qr": _qr(record["status_url"]),
        "published": f"{int(year)} 年 {int(month)} 月 {int(day)} 日",
    }
    at = datetime.datetime.fromisoformat(record["published"]["at"])
    attachment = Attachment(
        string=file.decode("utf-8"), name=f"{record['code']}.json", description="证书记录", created=at, modified=at
    )
    fonts = FontConfiguration()
    style = CSS(string=_STYLE.read_text(encoding="utf-8"), font_config=fonts, url_fetcher=_fetch_nothing)
    page = HTML(string=render_to_string("evaluation/certificate_pdf.html", context), url_fetcher=_fetch_nothing)
    content: bytes = page.write_pdf(
        stylesheets=[style], font_config=fonts, attachments=[attachment], pdf_identifier=sha256.encode()[:32]
    )
    return content


def _fetch_nothing(url: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    raise ValueError(f"a certificate needs nothing from {url}")


def _qr(address: str) -> SafeString:
    """A QR code of an address as SVG: one path of squares."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=2)
    code.add_data(address)
    rows = code.get_matrix()
    squares = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    size = len(rows)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{squares}"/></svg>'
    return mark_safe(svg)  # noqa: S308 - numbers alone
