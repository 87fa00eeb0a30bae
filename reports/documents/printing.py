"""PDF from .docx, by LibreOffice without a window: many files in one start, in a folder of its own that is gone
afterwards, with macros off and no link followed."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, sleep
from xml.sax.saxutils import escape

from evaluation.document_making import PrintingFailed

MISSING = "这台服务器没有安装 LibreOffice，不能生成 PDF；可以下载 Word 文档（.docx）。请管理员安装 libreoffice-writer。"
#: Files a start: enough that the start does not count, few enough that a failure costs little.
BATCH = 40
#: Starts that run beside each other.
_BESIDE = max(1, min(2, os.cpu_count() or 1))
_START_SECONDS, _SECONDS_A_FILE = 90.0, 15.0
_LOOK_SECONDS = 0.1
_TELLING = {
    "ExportBookmarks": True, "UseTaggedPDF": True, "ExportNotes": False, "ExportFormFields": False,
    "EmbedStandardFonts": True, "ReduceImageResolution": False, "UseLosslessCompression": True,
}  # fmt: skip
#: What official papers are set in, and what stands for it where that is not installed. Each face by its language:
#: the same letter is drawn differently in Japan.
_FACES = {
    "宋体": "Noto Serif CJK SC", "SimSun": "Noto Serif CJK SC", "仿宋": "Noto Serif CJK SC",
    "仿宋_GB2312": "Noto Serif CJK SC", "FangSong": "Noto Serif CJK SC", "楷体": "Noto Serif CJK SC",
    "楷体_GB2312": "Noto Serif CJK SC", "KaiTi": "Noto Serif CJK SC", "方正小标宋简体": "Noto Serif CJK SC",
    "黑体": "Noto Sans CJK SC", "SimHei": "Noto Sans CJK SC", "微软雅黑": "Noto Sans CJK SC",
    "Microsoft YaHei": "Noto Sans CJK SC", "Times New Roman": "Noto Serif CJK SC", "Arial": "Noto Sans CJK SC",
    "Calibri": "Noto Sans CJK SC", "Cambria": "Noto Serif CJK SC",
}  # fmt: skip
_SETTINGS = (
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("/org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Common/Misc", "CrashReport", "false"),
)


def printer() -> str:
    """The path of the program; empty where it is missing."""
    return shutil.which("soffice") or shutil.which("libreoffice") or ""


def print_documents(documents: Sequence[bytes], report: Callable[[int], None]) -> list[bytes]:
    """The PDFs of .docx files in their order; ``report`` is told how many are ready. Raises PrintingFailed."""
    program = printer()
    if not program:
        raise PrintingFailed(MISSING)
    if not documents:
        return []
    with tempfile.TemporaryDirectory(prefix="documents-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        fonts = _fonts_file(folder)
        batches = _batches(folder, documents)
        _run_all([_Start(program, batch, folder / f"home-{n}", fonts) for n, batch in enumerate(batches)], report)
        return [_printed(folder, number) for number in range(len(documents))]


def _batches(folder: Path, documents: Sequence[bytes]) -> list[list[Path]]:
    """The files in batches of about equal size, as many as can run beside each other at least."""
    files = []
    for number, content in enumerate(documents):
        path = folder / f"{number}.docx"
        path.write_bytes(_without_hanging(content))
        files.append(path)
    count = max(-(-len(files) // BATCH), min(_BESIDE, len(files) // 10), 1)
    return [files[n::count] for n in range(count)]


def _printed(folder: Path, number: int) -> bytes:
    path = folder / f"{number}.pdf"
    content = path.read_bytes() if path.exists() else b""
    if not content.startswith(b"%PDF-"):
        raise PrintingFailed(f"第 {number + 1} 份文书没有转换成 PDF。请重试，或下载 Word 文档并联系管理员。")
    return content


class _Start:
    """One start of the program with its files."""

    def __init__(self, program: str, files: list[Path], home: Path, fonts: Path) -> None:
        self.program, self.files, self.home, self.fonts = program, files, home, fonts
        self.process: subprocess.Popen[bytes] | None = None
        self.deadline = 0.0

    def begin(self) -> None:
        self.deadline = monotonic() + _START_SECONDS + _SECONDS_A_FILE * len(self.files)
        _settings(self.home / "profile" / "user")
        telling = json.dumps({key: {"type": "boolean", "value": str(on).lower()} for key, on in _TELLING.items()})
        command = [
            self.program, f"-env:UserInstallation=file://{self.home / 'profile'}", "--headless", "--norestore",
            "--nologo", "--nodefault", "--nolockcheck", "--convert-to", f"pdf:writer_pdf_Export:{telling}",
            "--outdir", str(self.files[0].parent), *map(str, self.files),
        ]  # fmt: skip
        # Nothing of our environment but the way to programs: it has no business with our secrets.
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.home), "LANG": "zh_CN.UTF-8",
            "TMPDIR": str(self.home), "FONTCONFIG_FILE": str(self.fonts), "SAL_USE_VCLPLUGIN": "svp",
            # The same figures give the same dates wherever it runs.
            "TZ": "Asia/Shanghai",
        }  # fmt: skip
        try:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise PrintingFailed(MISSING) from error

    @property
    def is_over(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def check(self) -> None:
        """Raises PrintingFailed where it takes too long or was killed."""
        if monotonic() > self.deadline:
            raise PrintingFailed("生成 PDF 用时过长，已经中止。请稍后重试，或下载 Word 文档。")
        if self.is_over and self.process is not None and self.process.returncode != 0:
            raise PrintingFailed("生成 PDF 的程序中途退出。请重试；如再次出现，请下载 Word 文档并联系管理员。")

    def end(self) -> None:
        """The program starts others: all of them end."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _run_all(starts: list[_Start], report: Callable[[int], None]) -> None:
    waiting, running = list(starts), list[_Start]()
    files, told = [path for start in starts for path in start.files], 0
    try:
        while waiting or running:
            while waiting and len(running) < _BESIDE:
                running.append(waiting.pop(0))
                running[-1].begin()
            sleep(_LOOK_SECONDS)
            for start in running:
                start.check()
            running = [start for start in running if not start.is_over]
            ready = sum(path.with_suffix(".pdf").exists() for path in files)
            if ready != told:
                told = ready
                report(ready)
    finally:
        for start in running:
            start.end()


# ── What would lose letters ───────────────────────────────────────────────────────────────────

_HANGING = re.compile(rb"<w:overflowPunct\b[^>]*/>")
_DEFAULTS = re.compile(rb"<w:pPrDefault>\s*<w:pPr>|<w:pPrDefault>\s*<w:pPr/>\s*</w:pPrDefault>|<w:pPrDefault\s*/>")
_STAY_INSIDE = b'<w:pPrDefault><w:pPr><w:overflowPunct w:val="1"/>'
_WITH_STYLES = ("word/styles.xml", "word/document.xml")


def _without_hanging(content: bytes) -> bytes:
    """The file with no punctuation hanging over the margin: LibreOffice 7.4 loses a comma that hangs at the end of a
    justified line, and it reads the switch the wrong way round: "1" keeps punctuation inside. Only what is printed is
    changed, not the .docx that is given."""
    target = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as changed:
            for name in source.namelist():
                part = source.read(name)
                if name in _WITH_STYLES:
                    part = _HANGING.sub(b"", part)
                if name == "word/styles.xml":
                    part = _DEFAULTS.sub(_stay_inside, part, count=1)
                changed.writestr(name, part)
    except (zipfile.BadZipFile, zlib.error):
        return content
    return target.getvalue()


def _stay_inside(found: re.Match[bytes]) -> bytes:
    is_closed = found[0].endswith((b"</w:pPrDefault>", b"/>")) and not found[0].endswith(b"<w:pPr>")
    return _STAY_INSIDE + (b"</w:pPr></w:pPrDefault>" if is_closed else b"")


# ── What the program is told before it starts ─────────────────────────────────────────────────


def _settings(user: Path) -> None:
    user.mkdir(parents=True)
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{items}</oor:items>\n",
        encoding="utf-8",
    )


def _fonts_file(folder: Path) -> Path:
    """Which installed face stands for which named one, on top of what the system says."""
    aliases = "".join(
        f'<alias binding="same"><family>{escape(name)}</family><accept><family>{escape(face)}</family></accept></alias>'
        for name, face in _FACES.items()
    )
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>'
        f'<include ignore_missing="yes">/etc/fonts/fonts.conf</include>{aliases}</fontconfig>\n',
        encoding="utf-8",
    )
    return path
