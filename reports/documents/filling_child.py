"""The process that touches templates: ``python -m reports.documents.filling_child``.

It loads what filling needs once and then waits. For a template of somebody's it forks: the fork binds itself by limits
of memory and processor time, looks at the template, fills it and ends. A hostile template can end one fork at worst.
The portal's own templates are filled without a fork, and what was read of them is kept: three hundred plans are made
from one. Requests and answers are JSON, each with its length before it. Knows no Django and no database.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import select
import signal
import struct
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any

from docx import Document
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import Template, TemplateError, UndefinedError
from lxml import etree

from indicators.workbook.child import limit_resources
from reports.documents.language import environment, names_of, problems_of
from reports.documents.package import TemplateRefused, check_package

MAX_MEMORY = 768 * 1024 * 1024
MAX_CPU_SECONDS = 6
MAX_SECONDS = 40.0
MAX_ANSWER = 64 * 1024 * 1024
_LENGTH = struct.Struct(">Q")
_EPOCH = datetime(2000, 1, 1)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
#: What the library would take besides placeholders and loops over paragraphs and rows of tables.
_UNSUPPORTED = re.compile(
    r"\{%(?:-|\s*(?:cellbg|colspan|hm|vm)\b|(?:tc|r)\s)|\{\{(?:-|(?:p|tr|tc|r)\s)|-[%}]\}|\{[{%#_]_|_[}%]\}"
)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_RELATION, _EMBED = f"{_R}id", f"{_R}embed"
_BLIP = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_BROKEN = "模板的结构有误，填写后不是完整的文档：for、if 和它们的结束标记要各占一段或一行，不能跨越表格。"
_STOPPED = "处理这个模板时中止了：内容异常，或需要的时间、内存超过上限。请复制到新文档中另存后再上传。"


def main() -> None:
    """Serve requests until standard input ends."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while head := stdin.read(_LENGTH.size):
        request = stdin.read(_LENGTH.unpack(head)[0])
        told = json.loads(request)
        answer = _encoded(_own(told)) if told["is_own"] else _in_a_fork(told)
        stdout.write(_LENGTH.pack(len(answer)) + answer)
        stdout.flush()


def _encoded(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


def _own(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request for one of the portal's own templates."""
    template = base64.b64decode(request["template"])
    try:
        filled = fill(template, request["facts"], request["pictures"], request["title"])
    except Exception as error:
        return {"refused": [f"文书的默认模板填写失败（{type(error).__name__}）。请联系管理员。"]}
    return {"filled": base64.b64encode(filled).decode()}


def _in_a_fork(request: dict[str, Any]) -> bytes:
    """The answer to one request, made by a process of its own; that it stopped, where it did."""
    mouth, pen = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mouth)
        try:
            limit_resources(MAX_MEMORY, MAX_CPU_SECONDS)
            answer = _encoded(_answer(request))
        except BaseException:  # whatever it is, it must not reach the code of the parent
            os._exit(1)
        view = memoryview(answer)
        while view:
            view = view[os.write(pen, view) :]
        os._exit(0)
    os.close(pen)
    answer = _read(mouth)
    os.close(mouth)
    if not answer:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return answer if answer and status == 0 else json.dumps({"refused": [_STOPPED]}).encode()


def _read(pipe: int) -> bytes:
    """All of an answer; nothing where it takes too long or is too much."""
    deadline, answer, poll = monotonic() + MAX_SECONDS, bytearray(), select.poll()
    poll.register(pipe, select.POLLIN)
    while poll.poll(max(0.0, deadline - monotonic()) * 1000):
        chunk = os.read(pipe, 1024 * 1024)
        if not chunk:
            return bytes(answer)
        answer += chunk
        if len(answer) > MAX_ANSWER:
            break
    return b""


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    template = base64.b64decode(request["template"])
    try:
        check_package(template)
        if request["do"] == "check":
            return {"refused": _problems(template, request["schema"], request["required"]) or _on_trial(request)}
        filled = _filled(template, request["facts"], request)
        if missing := _unprinted(filled, request["facts"], request):
            return {"refused": [missing]}
    except TemplateRefused as refused:
        return {"refused": [str(refused)]}
    except UndefinedError:
        return {"refused": ["模板中有占位符在这份文书里没有内容。请核对占位符的名称。"]}
    except (TemplateError, etree.XMLSyntaxError, ValueError, TypeError, KeyError, AttributeError):
        return {"refused": [_BROKEN]}
    return {"filled": base64.b64encode(filled).decode()}


def _filled(template: bytes, facts: dict[str, Any], request: dict[str, Any]) -> bytes:
    """Somebody's template filled, and looked at again."""
    filled = fill(template, facts, request["pictures"], request["title"])
    check_package(filled)
    return filled


def _on_trial(request: dict[str, Any]) -> list[str]:
    """What is wrong with what a template makes of its sample, and of the same with nothing to tell."""
    template, facts = base64.b64decode(request["template"]), request["facts"]
    kept = {name: facts[name] for name in request["required"] if name in facts}
    for told in (facts, {**_emptied(facts), **kept}):
        if missing := _unprinted(_filled(template, told, request), told, request):
            return [missing]
    return []


def _emptied(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {name: _emptied(each) for name, each in facts.items()}
    if isinstance(facts, list):
        return []
    return False if isinstance(facts, bool) else ""


# ── The seal on the paper ─────────────────────────────────────────────────────────────────────


def _unprinted(filled: bytes, facts: dict[str, Any], request: dict[str, Any]) -> str:
    """What of the seal cannot be read on a filled paper, in words; empty where all of it can. That a template names it
    is not enough: it may stand in a condition that never holds."""
    body = Document(io.BytesIO(filled)).part
    parts = [body, *_headers_and_footers(body)]
    text = "".join(_visible(each.element) for each in parts)
    pictures = {blob for each in parts for blob in _pictures_in(each)}
    missing = [
        name
        for name in request["required"]
        if (base64.b64decode(request["pictures"][name]["png"]) not in pictures
            if name in request["pictures"] else facts[name] not in text)
    ]  # fmt: skip
    if not missing:
        return ""
    wanted = "、".join(f"{{{{ {name} }}}}" for name in missing)
    return f"按模板填写后，文书上没有印出 {wanted}：请把它们写在每份文书都会印出的地方，不要放在 if 或 for 里面。"


def _headers_and_footers(body: Any) -> list[Any]:
    """Those a section shows."""
    shown = {each.get(_RELATION) for each in body.element.iter(f"{_W}headerReference", f"{_W}footerReference")}
    return [body.related_parts[each] for each in sorted(filter(None, shown)) if each in body.related_parts]


def _visible(element: etree._Element) -> str:
    """The letters of a part, without those of hidden and of deleted text."""
    return "".join(text.text or "" for text in element.iter(f"{_W}t") if not _is_hidden(text.getparent()))


def _is_hidden(run: etree._Element) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    return vanish is not None and vanish.get(f"{_W}val") not in ("0", "false", "off")


def _pictures_in(part: Any) -> Iterator[bytes]:
    for blip in part.element.iter(_BLIP):
        related = part.related_parts.get(blip.get(_EMBED))
        run = next(blip.iterancestors(f"{_W}r"), None)
        if related is not None and run is not None and not _is_hidden(run):
            yield related.blob


# ── Looking at a template ─────────────────────────────────────────────────────────────────────


def _problems(template: bytes, schema: dict[str, Any], required: list[str]) -> list[str]:
    found: list[str] = []
    names: set[str] = set()
    for source, text in _sources(template):
        if sign := _UNSUPPORTED.search(text):
            found.append(f"模板中有不能使用的标记“{sign[0]}”。只能使用 {{{{ }}}}、{{% %}}、{{%p %}} 和 {{%tr %}}。")
        found += problems_of(source, schema)
        names |= names_of(source)
    if not found and (missing := [name for name in required if name not in names]):
        wanted = "、".join(f"{{{{ {name} }}}}" for name in missing)
        found.append(f"模板缺少占位符 {wanted}：没有它们，拿到文书的人无法查验真伪。")
    return list(dict.fromkeys(found))


class _Template(DocxTemplate):  # type: ignore[misc]
    """A template whose sources are made ready once."""

    def patch_xml(self, src_xml: str) -> str:
        return _patched(src_xml)


@lru_cache(maxsize=64)
def _patched(source: str) -> str:
    return str(DocxTemplate.patch_xml(None, source))


class _Environment:
    """The environment as the library asks for it, with what it compiled."""

    autoescape = True

    def __init__(self) -> None:
        self._environment = environment()

    @lru_cache(maxsize=64)  # noqa: B019 - there is one of it, for as long as the process lives
    def from_string(self, source: str) -> Template:
        return self._environment.from_string(source)


_environment = _Environment()


def _sources(template: bytes) -> list[tuple[str, str]]:
    """The sources that are filled, and their plain texts: body, headers, footers, footnotes."""
    made = _Template(io.BytesIO(template))
    made.render_init()
    parts = [made.get_xml()]
    for uri in (made.HEADER_URI, made.FOOTER_URI):
        parts += [made.get_part_xml(part) for _, part in made.get_headers_footers(uri)]
    for part in made.docx.part.package.parts:
        if part.content_type.endswith("footnotes+xml"):
            parts.append(part.blob.decode("utf-8"))
    return [(made.patch_xml(part), _text(part)) for part in parts]


def _text(part: str) -> str:
    """Every letter of a part: a sign may lie in several runs."""
    return "".join(each.text or "" for each in etree.fromstring(part.encode()).iter(f"{_W}t"))


# ── Filling ───────────────────────────────────────────────────────────────────────────────────


class _Picture:
    """A picture as a template sees it: something to print. Nothing else of it can be reached."""

    def __init__(self, made: DocxTemplate, told: dict[str, Any]) -> None:
        self._made, self._told = made, told

    def __html__(self) -> str:
        content = io.BytesIO(base64.b64decode(self._told["png"]))
        image = InlineImage(self._made, content, width=Mm(self._told["width"]))
        about = _escaped(self._told["alt"])
        return str(image).replace("<wp:docPr ", f'<wp:docPr descr="{about}" ', 1)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def fill(template: bytes, facts: dict[str, Any], pictures: dict[str, Any], title: str) -> bytes:
    """A template filled with facts: the same bytes for the same facts. Raises jinja2.TemplateError and others."""
    made = _Template(io.BytesIO(template))
    made.render_init()
    # The library fills properties as well: what people typed must not stand in one before it does.
    _name(made, "")
    context = {**facts, **{name: _Picture(made, told) for name, told in pictures.items()}}
    made.render(context, _environment, autoescape=True)
    _name(made, title)
    target = io.BytesIO()
    made.docx.save(target)
    return _repacked(target.getvalue())


def _name(made: DocxTemplate, title: str) -> None:
    """Properties of ours in place of the template's, which may hold anything, and anybody's name."""
    about = made.docx.core_properties
    about.title, about.author, about.subject, about.comments, about.keywords = title, "", "", "", ""
    about.identifier, about.last_modified_by, about.category, about.version = "", "", "", ""
    about.language, about.content_status, about.revision = "zh-CN", "", 1
    about.created = about.modified = about.last_printed = _EPOCH


def _repacked(content: bytes) -> bytes:
    """The same parts in the same order with a fixed time."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in source.namelist():
            packed.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), source.read(name), zipfile.ZIP_DEFLATED)
    return target.getvalue()


if __name__ == "__main__":
    main()
