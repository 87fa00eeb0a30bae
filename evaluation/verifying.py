"""Whether a number, a PDF or a record belongs to a certificate or a document of this portal, and what that is worth
now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from evaluation.certificate_file import NoRecord, PublishedRecord, read_any
from evaluation.certificate_pdf import is_own_print
from evaluation.certifying import CertificateStatus, certificate_status, find_certificate
from evaluation.document_queries import DocumentStatus, document_status, document_with_file, find_document
from evaluation.models import Certificate, IssuedDocument

#: How a Word file begins.
_WORD = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. ``is_genuine``: what was shown is what this portal published; ``status`` is what that is worth
    now. ``printed`` tells how a PDF compares with the print made here, empty where no PDF was shown. ``document`` in
    place of a certificate: what was shown is, or names, one of the documents made here."""

    is_genuine: bool
    words: str
    certificate: Certificate | None = None
    status: CertificateStatus | DocumentStatus | None = None
    printed: str = ""
    document: IssuedDocument | None = None


def verify_number(typed: str) -> Checked:
    """Whether there is a certificate of this number or code, or a document of this number or hash."""
    certificate = find_certificate(typed)
    if certificate is None and (document := find_document(typed)) is not None:
        return Checked(True, "有这份文件。", status=document_status(document), document=document)
    if certificate is None:
        words = f"没有编号为“{typed.strip()}”的证书或文件。请核对编号；如果纸上就是这个编号，它不是本平台颁发的。"
        return Checked(False, words)
    words = f"有这份证书，颁发给{certificate.evaluation.county.full_name}。"
    return Checked(True, words, certificate, certificate_status(certificate))


def verify_file(content: bytes) -> Checked:
    """Whether a PDF, a Word file or a record is one of this portal, unchanged."""
    document = document_with_file(hashlib.sha256(content).hexdigest())
    if document is not None:
        words = "文件与平台制作的逐字节一致。"
        return Checked(True, words, status=document_status(document), document=document)
    if content.startswith(_WORD):
        return Checked(False, "这个 Word 文件与本平台制作的任何一份都不相同：不是本平台制作的，或内容被改动过。")
    try:
        found = read_any(content)
    except NoRecord as error:
        other = "它与本平台制作的任何一份报告、意见书也不相同。" if content.startswith(b"%PDF-") else ""
        return Checked(False, f"{error}{other}")
    certificate = Certificate.objects.select_related("evaluation__county__parent__parent").filter(
        code=found.says("code")
    )
    known = certificate.first()
    if not found.is_whole:
        return Checked(False, "记录的内容与它自己的散列值不符：文件被改动过，不能作为依据。", known)
    if known is None:
        return Checked(False, "记录本身完整，但本平台没有颁发过这份证书。")
    if known.sha256 != found.sha256:
        return Checked(False, "编号是本平台颁发的，但内容与公布的记录不符：文件被改动过，不能作为依据。", known)
    printed = _printed(known, content) if content.startswith(b"%PDF-") else ""
    return Checked(True, "文件所附记录与平台公布的记录一致。", known, certificate_status(known), printed)


def _printed(certificate: Certificate, pdf: bytes) -> str:
    if is_own_print(certificate, pdf):
        return "整个 PDF 与平台现在生成的逐字节一致。"
    return (
        "所附记录真实，但 PDF 与平台现在生成的不是逐字节一致：可能由旧版本生成，也可能页面被改动过。"
        "请把纸面上的每一项与下面的记录核对，以记录为准。"
    )


def check_offline(record: PublishedRecord, attached: PublishedRecord | None) -> list[str]:
    """What is wrong with a record, and with the one attached to its PDF where there is one, without the portal; empty
    where nothing is."""
    wrong = []
    if not record.is_whole:
        wrong.append(f"记录的散列值是 {record.sha256}，与文件所写的 {record.stated_sha256} 不符：记录被改动过。")
    if attached is None:
        return wrong
    if not attached.is_whole:
        wrong.append("PDF 所附记录与它自己的散列值不符：PDF 被改动过。")
    if attached.says("number") != record.says("number") or attached.says("code") != record.says("code"):
        wrong.append(f"PDF 的编号是 {attached.says('number')}，记录的编号是 {record.says('number')}。")
    if attached.sha256 != record.sha256:
        wrong.append(f"PDF 所附记录的散列值是 {attached.sha256}，与记录的 {record.sha256} 不符。")
    return wrong
