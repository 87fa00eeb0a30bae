"""One worksheet part, scanned as a stream: limits held, empty formatting dropped, the rest rewritten plainly.

What goes on to the reader is written here anew: rows and cells that hold something, each with its explicit
address and nothing else. So the reader never meets a construct that was not checked, and a million formatted
empty rows cost it nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache

from indicators.workbook.archive import RESAVE, Refused, damaged, drain, inflates_too_much

MAX_ROWS = 20_000
MAX_COLUMNS = 256
MAX_BOX = 2_000_000
# Seven thousand schools with every field filled; beyond it values alone would take the memory of a worker.
MAX_VALUES = 500_000
MAX_FORMULAS_LISTED = 1_000

# A date-formatted number from this day on (year 10000) is no date, and the reader fails on it.
_END_OF_DATES = 2_958_466
_LAST_ROW = 1_048_576
_LONGEST_PREAMBLE = 4 * 1024 * 1024
_LONGEST_ROW = 8 * 1024 * 1024
_LONGEST_EXTRA = 1024 * 1024
_LONGEST_ERROR = 40
_MOST_KNOWN = 4096

_CLEAR = "请清除数据区以外的内容（选中多余的行或列，右键删除，保存），再上传。"

_VALUE = rb"""\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')"""
_ATTRIBUTES = rb"(?:\s++[\w:.\-]++%b)*+\s*+" % _VALUE
# The same for text that is to be dropped by the megabyte: any attributes, quoted the common way, up to the bracket.
_FAST_ATTRIBUTES = rb"""[^<>"'/]*+(?:"[^<"]*+"[^<>"'/]*+)*+"""
_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.\-]*+):)?worksheet[\s>]")
_EXTRA = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>", re.DOTALL)
_ROW_NUMBER = re.compile(rb"""\sr\s*=\s*["'](?P<number>[0-9]{1,7})["']""")
_CELL_ADDRESS = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})(?P<number>[1-9][0-9]{0,6})["']""")
_STYLE = re.compile(rb"""\ss\s*=\s*["']([0-9]{1,6})["']""")
_TYPE = re.compile(rb"""\st\s*=\s*["']([A-Za-z]*)["']""")
_VISIBLE_TEXT = re.compile(rb"<t(?:\s[^<>]*)?(?<!/)>[^<]")

# A row as nearly every program writes it: numbers that no number format can turn into an impossible date, texts,
# empty cells. It needs no rewriting, and it is found and taken whole.
_ORDINARY_ROW = re.compile(
    rb'<row r="(?P<number>[1-9][0-9]{0,6})"[^<>"]*+(?:"[^<>"]*+"[^<>"]*+)*+>('
    rb'(?:<c r="[A-Z]{1,3}+\1"(?: s="[0-9]++")?+(?:'
    rb' t="(?:s|str)">(?:<f>[^<]++</f>)?+<v>[^<]++</v></c>'
    rb'|(?: t="n")?+(?:>(?:<f>[^<]++</f>)?+<v>[0-9]{1,6}+(?:\.[0-9]++)?+</v></c>|\s?+/>)'
    rb'|(?: t="inlineStr")><is><t(?: xml:space="preserve")?+>[^<]++</t></is></c>'
    rb")){1,256}+)</row>"
)
_FILLED_CELL = re.compile(rb'<c r="([A-Z]++)[^<>]*+(?<!/)>')
# The same for a sheet that nobody will read: any value may stand there, and formulas that were never calculated. Only
# what holds a value is counted.
_ORDINARY_UNREAD_ROW = re.compile(
    rb'<row r="(?P<number>[1-9][0-9]{0,6})"[^<>"]*+(?:"[^<>"]*+"[^<>"]*+)*+>('
    rb'(?:<c r="[A-Z]{1,3}+\1"(?: s="[0-9]++")?+(?: t="(?:s|str|n|b|e)")?+(?:'
    rb">(?:<f>[^<]++</f>)?+<v>[^<]++</v></c>|><f>[^<]++</f><v ?+/></c>|\s?+/>)"
    rb'|<c r="[A-Z]{1,3}+\1"(?: s="[0-9]++")?+ t="inlineStr"><is><t(?: xml:space="preserve")?+>[^<]++</t></is></c>'
    rb"){1,256}+)</row>"
)
_FILLED_UNREAD_CELL = re.compile(rb'<c r="([A-Z]++)[^<>]*+(?<!/)>(?:<f>[^<]*+</f>)?+<(?:v>|is>)')

_NUMBER, _ERROR, _INLINE, _TEXT = b"n", b"e", b"inlineStr", b"str"
_TYPES = frozenset((_NUMBER, _ERROR, _INLINE, _TEXT, b"s", b"b", b"d"))


class _Grammar:
    """How a sheet is written whose elements carry one namespace prefix, empty or like ``x:``.

    ``rows`` and ``cells`` tile the text without a gap. A run of empty rows or cells is one token, swallowed by
    the regular expression engine without returning to Python. Whatever fits nothing is refused, so nothing
    passes unseen.
    """

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self._pieces = {b"P": re.escape(prefix), b"A": _ATTRIBUTES, b"Q": _FAST_ATTRIBUTES}
        # An empty cell may have a formula that came to an empty text: whole columns of them are filled downwards.
        self._define(b"S", rb'(?: s="[0-9]++")?+')
        self._define(b"N", rb"(?:<~Pv\s*+/>|<~Pv></~Pv>|<~Pis><~Pt(?:/>|></~Pt>)</~Pis>)")
        self._define(b"F", rb"<~Pf[^<>]*+(?:(?<=/)>|>[^<]*+</~Pf>)<~Pv></~Pv>")
        self._define(b"T", rb'(?:(?: t="[A-Za-z]++")?+\s?+(?:/>|>~N?+</~Pc>)| t="str">~F</~Pc>)')
        self._define(b"C", rb'(?:<~Pc~S r="[A-Z]++[0-9]++"~S~T\s*+)')
        self._define(b"R", rb'(?:<~Prow(?: (?!r=)[\w:]++="[^"<]*+")*+ r="[0-9]++"~Q(?:/>|>\s*+~C*+</~Prow>)\s*+)')
        self.data = self._compiled(rb"<~PsheetData~A(/?)>")
        self.rows = self._compiled(rb"\s++|(?P<empty>~R++)|<~Prow(?P<row>~A)(?P<closed>/?)>")
        self.row_end = self._compiled(rb"</~Prow\s*+>")

    def _define(self, name: bytes, text: bytes) -> None:
        self._pieces[name] = self._written(text)

    def _written(self, text: bytes) -> bytes:
        return re.sub(rb"~([A-Z])", lambda found: self._pieces[found[1]], text)

    def _compiled(self, text: bytes) -> re.Pattern[bytes]:
        return re.compile(self._written(text), re.DOTALL)

    @cached_property
    def cells(self) -> re.Pattern[bytes]:
        """What stands inside a row; see ``_COMMON`` and ``_OTHER`` for its groups."""
        return self._compiled(
            rb'(?P<common><~Pc r="([A-Z]{1,3})([1-9][0-9]{0,6})"(~A)>(<~Pf~A(?:/>|>[^<]*+</~Pf>))?'
            rb"(?:<~Pv>([^<]*+)</~Pv>)?(<~Pis>.*?</~Pis>)?</~Pc>)"
            rb"|(?P<empty>~C++)|(?P<other><~Pc(~A)(?:/>|>(.*?)</~Pc\s*+>))|\s++|(?P<broken>.)"
        )

    @cached_property
    def formula(self) -> re.Pattern[bytes]:
        return self._compiled(rb"<~Pf~A/?>")

    @cached_property
    def value(self) -> re.Pattern[bytes]:
        return self._compiled(rb"<~Pv~A(?:/>|>([^<]*+)</~Pv\s*+>)")

    @cached_property
    def inline(self) -> re.Pattern[bytes]:
        return self._compiled(rb"<~Pis~A>.*?</~Pis\s*+>")


# Groups of `_Grammar.cells`: column, row, attributes, formula, value, inline text of a cell in the common way …
_COMMON = (2, 3, 4, 5, 6, 7)
# … and attributes and content of any other.
_OTHER = (10, 11)

_grammar = lru_cache(maxsize=4)(_Grammar)


def prepare() -> None:
    """Do beforehand what the first sheet costs more than the next: build the grammar most sheets are written in."""
    _ = _grammar(b"").cells


class SheetScan:
    """Facts about one worksheet, complete once ``plain_xml`` is exhausted.

    ``errors`` maps row number and column index (0 = A) to the text of an error cell. ``formulas`` are the
    addresses of the first cells whose formula was never calculated, ``formula_count`` counts all of them.
    ``excuse`` is told how many bytes were the formatting of empty cells and rows. Of a sheet whose values are not
    wanted (``is_read`` False) the limits are held all the same, but not every row is written anew.
    """

    def __init__(self, title: str, excuse: Callable[[int], None], *, is_read: bool = True) -> None:
        self.errors: dict[int, dict[int, str]] = {}
        self.formulas: list[str] = []
        self.formula_count = 0
        self._title = title
        self._excuse = excuse
        self._is_read = is_read
        self._ordinary_row = _ORDINARY_ROW if is_read else _ORDINARY_UNREAD_ROW
        self._filled_cell = _FILLED_CELL if is_read else _FILLED_UNREAD_CELL
        self._row = 0
        self._top = self._filled_rows = self._values = 0
        self._left, self._right = MAX_COLUMNS, 0
        self._columns: dict[bytes, int] = {}
        self._layouts: dict[tuple[bytes, ...], tuple[int, int]] = {}
        self._known: dict[bytes, tuple[bytes, bytes]] = {}

    def plain_xml(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same sheet with nothing but rows and cells that hold a value.

        Raises ``Refused`` for a value outside the limits, an address that occurs twice, rows out of order,
        and XML that is not of the plain shape spreadsheet programs write.
        """
        yield b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        chunks = self._without_extras(chunks)
        grammar, held = self._find_rows(chunks)
        for window in self._windows(chunks, held, grammar):
            yield self._rewritten(window, grammar)
        yield b"</sheetData></worksheet>"

    def _broken(self) -> Refused:
        return damaged(f"工作表「{self._title}」的内容不合规范")

    def _without_extras(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks without comments and processing instructions, literal sections written as escaped text."""
        held = b""
        for chunk in chunks:
            held += chunk
            # Looking for one rare byte first is ten times faster than looking for two at every tag.
            if (b"!" in held and b"<!" in held) or (b"?" in held and b"<?" in held):
                held = _EXTRA.sub(_escaped, held)
                begun = (held.find(b"<!"), held.find(b"<?"))
                cut = min((at for at in begun if at >= 0), default=len(held))
            else:
                cut = len(held)
            # What began but did not end, or a lone < that may begin something, waits for the next chunk.
            cut -= held.endswith(b"<", 0, cut)
            if len(held) - cut > _LONGEST_EXTRA:
                raise self._broken()
            yield held[:cut]
            held = held[cut:]
        yield held

    def _find_rows(self, chunks: Iterator[bytes]) -> tuple[_Grammar, bytes]:
        """The sheet's grammar, and the text behind <sheetData> as far as it has come."""
        held = b""
        for chunk in chunks:
            held += chunk
            root = _ROOT.search(held)
            if root is not None:
                grammar = _grammar(root[1] + b":" if root[1] else b"")
                begin = grammar.data.search(held)
                if begin is not None:
                    return grammar, b"</%bsheetData>" % grammar.prefix if begin[1] else held[begin.end() :]
            if len(held) > _LONGEST_PREAMBLE:
                break
        raise self._broken()

    def _windows(self, chunks: Iterator[bytes], held: bytes, grammar: _Grammar) -> Iterator[bytes]:
        """The text up to </sheetData>, cut between rows; then the rest is drained, for it must be counted too."""
        row, end = b"<%brow" % grammar.prefix, b"</%bsheetData" % grammar.prefix
        searched = 0
        while (stop := held.find(end, searched)) < 0:
            cut = held.rfind(row)
            if cut > 0:
                yield held[:cut]
                held = held[cut:]
            searched = max(0, len(held) - len(end))
            if len(held) > _LONGEST_ROW:
                # A bomb is called a bomb: what follows is counted before the row is blamed.
                drain(chunks)
                raise inflates_too_much(f"工作表「{self._title}」第 {self._row + 1} 行的内容异常巨大")
            chunk = next(chunks, None)
            if chunk is None:
                raise self._broken()
            held += chunk
        yield held[:stop]
        drain(chunks)

    def _rewritten(self, window: bytes, grammar: _Grammar) -> bytes:
        """Check one window of whole rows and give back those that hold something."""
        out: list[bytes] = []
        at, end = 0, len(window)
        while at < end:
            token = grammar.rows.match(window, at)
            if token is None:
                raise self._broken()
            begun, at = at, token.end()
            if token["empty"] is not None:
                # Only the last row of a run is looked at: the others hold nothing that could be misplaced.
                last = window.rfind(b"<%brow" % grammar.prefix, begun, at)
                self._enter_row(_ROW_NUMBER.search(window, last))
                self._excuse(at - begun)
            elif token["closed"]:
                self._enter_row(_ROW_NUMBER.search(token["row"]))
            elif token["row"] is not None:
                ordinary = self._ordinary_row.match(window, begun)
                if ordinary is not None and not grammar.prefix and self._takes_whole(ordinary):
                    if self._is_read:
                        out.append(b'<row r="%b">%b</row>' % ordinary.groups())
                    at = ordinary.end()
                    continue
                close = grammar.row_end.search(window, at)
                if close is None:
                    raise self._broken()
                stop = close.start()
                self._enter_row(_ROW_NUMBER.search(token["row"]) or _CELL_ADDRESS.search(window, at, stop))
                cells = self._filled_cells(window, at, stop, grammar)
                self._count_values(len(cells))
                if cells:
                    out.append(b'<row r="%d">%b</row>' % (self._row, b"".join(cells)))
                at = close.end()
        return b"".join(out)

    def _takes_whole(self, row: re.Match[bytes]) -> bool:
        """Count an ordinary row in; False where something about its columns must be looked at cell by cell."""
        letters = tuple(self._filled_cell.findall(row[2]))
        if not letters and not self._is_read:
            self._enter_row(row)
            return True
        layout = self._layouts.get(letters)
        if layout is None:
            numbers = [_column_number(each) for each in letters]
            if not numbers or len(set(numbers)) < len(numbers) or max(numbers) > MAX_COLUMNS:
                return False
            layout = min(numbers), max(numbers)
            if len(self._layouts) < _MOST_KNOWN:
                self._layouts[letters] = layout
        self._enter_row(row)
        self._widen(*layout, first_in_row=True)
        self._count_values(len(letters))
        return True

    def _enter_row(self, found: re.Match[bytes] | None) -> None:
        """Go on to the row with the number in ``found``, or to the next where none is written."""
        number = int(found["number"]) if found else self._row + 1
        if number <= self._row:
            raise Refused(
                "file.rows_out_of_order",
                f"工作表「{self._title}」的行次序混乱（第 {number} 行写在第 {self._row} 行之后），"
                f"不同软件读出的内容会不同。{RESAVE}",
            )
        if number > _LAST_ROW:
            raise self._broken()
        self._row = number

    def _filled_cells(self, window: bytes, start: int, stop: int, grammar: _Grammar) -> list[bytes]:
        """The cells of the current row that hold something, rewritten; the hot loop of the whole reading."""
        out: list[bytes] = []
        known, columns = self._known, self._columns
        row_digits = b"%d" % self._row
        taken: set[int] = set()
        column = 0
        for token in grammar.cells.finditer(window, start, stop):
            how = token.lastgroup
            if how == "common":
                letters, digits, raw, formula, value, inline = token.group(*_COMMON)
                attributes = known.get(raw) or self._read_attributes(raw)
            elif how == "other":
                raw, content = token.group(*_OTHER)
                address = _CELL_ADDRESS.search(raw)
                letters, digits = address.group(1, 2) if address else (column_letters(column + 1).encode(), row_digits)
                attributes = self._read_attributes(raw)
                formula, value, inline = self._read_content(content or b"", grammar)
                if value and attributes[1] != _TEXT:
                    value = value.strip()
            elif how == "empty":
                address = _CELL_ADDRESS.search(window, window.rfind(b"<%bc" % grammar.prefix, *token.span()))
                column = _column_number(address[1]) if address else column
                self._excuse(len(token[0]))
                continue
            elif how is None:
                continue
            else:
                raise self._broken()

            style, type_ = attributes
            column = columns.get(letters) or columns.setdefault(letters, _column_number(letters))
            if inline:
                if grammar.prefix:
                    inline = inline.replace(b"<" + grammar.prefix, b"<").replace(b"</" + grammar.prefix, b"</")
                if not _VISIBLE_TEXT.search(inline):
                    inline = None
            if not value and not inline:
                if formula is None:
                    self._excuse(len(token[0]))
                elif value is None or type_ != _TEXT:
                    # An empty text is what such a formula came to; no value at all: it never was calculated.
                    self._note_formula((letters + row_digits).decode())
                continue
            if digits != row_digits:
                raise self._broken()
            if column in taken:
                raise Refused(
                    "file.duplicate_cells",
                    f"工作表「{self._title}」的单元格 {letters.decode()}{self._row} 在文件中写了两次，"
                    f"不同软件读出的数值会不同。{RESAVE}",
                )
            if not taken or not self._left <= column <= self._right:
                self._widen(column, column, first_in_row=not taken)
            taken.add(column)

            if type_ == _NUMBER and value:
                if style and _is_no_date(value):
                    style = b""
                out.append(b'<c r="%b%b"%b><v>%b</v></c>' % (letters, digits, style, value))
            elif inline and (type_ == _INLINE or not value):
                out.append(b'<c r="%b%b" t="inlineStr">%b</c>' % (letters, digits, inline))
            else:
                if type_ == _ERROR:
                    # The reader shows an error as an empty cell; here it keeps its place and its name.
                    text = (value or b"").decode("utf-8", "replace")
                    self.errors.setdefault(self._row, {})[column - 1] = text[:_LONGEST_ERROR]
                type_ = _TEXT if type_ in (_ERROR, _INLINE) else type_
                out.append(b'<c r="%b%b" t="%b"><v>%b</v></c>' % (letters, digits, type_, value))
        return out

    def _read_attributes(self, raw: bytes) -> tuple[bytes, bytes]:
        """The style, ready to be written, and the type of a cell."""
        style, type_ = _STYLE.search(raw), _TYPE.search(raw)
        found = (b' s="%b"' % style[1] if style else b"", type_[1] if type_ else _NUMBER)
        if found[1] not in _TYPES:
            raise self._broken()
        if len(self._known) < _MOST_KNOWN:
            self._known[raw] = found
        return found

    def _read_content(self, content: bytes, grammar: _Grammar) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Formula, value and inline text of a cell that is not written in the common way."""
        formula, values, inline = (
            grammar.formula.search(content),
            list(grammar.value.finditer(content)),
            grammar.inline.search(content),
        )
        if len(values) > 1:
            raise self._broken()
        value = values[0][1] or b"" if values else None
        return formula and formula[0], value, inline and inline[0]

    def _note_formula(self, address: str) -> None:
        self.formula_count += 1
        if len(self.formulas) < MAX_FORMULAS_LISTED:
            self.formulas.append(address)

    def _widen(self, left: int, right: int, first_in_row: bool) -> None:
        """Let the sheet's area grow to cells of the current row; refuse where it grows too large."""
        if first_in_row:
            self._filled_rows += 1
            self._top = self._top or self._row
        self._left, self._right = min(self._left, left), max(self._right, right)
        where = f"工作表「{self._title}」的单元格 {column_letters(right)}{self._row} 有内容，"
        if right > MAX_COLUMNS:
            raise Refused(
                "file.too_many_cells",
                f"{where}超出了 {MAX_COLUMNS} 列（{column_letters(MAX_COLUMNS)} 列）的上限。{_CLEAR}",
            )
        if self._filled_rows > MAX_ROWS:
            raise Refused("file.too_many_rows", f"{where}超出了 {MAX_ROWS:,} 行数据的上限。{_CLEAR}")
        if (self._row - self._top + 1) * (self._right - self._left + 1) > MAX_BOX:
            raise Refused(
                "file.too_many_cells", f"{where}离其他数据太远，数据区超过 {MAX_BOX // 10_000} 万个单元格。{_CLEAR}"
            )

    def _count_values(self, number: int) -> None:
        self._values += number
        if self._values > MAX_VALUES:
            raise Refused(
                "file.too_many_cells",
                f"工作表「{self._title}」到第 {self._row} 行，有内容的单元格超过 {MAX_VALUES // 10_000} 万个。{_CLEAR}",
            )


def _escaped(extra: re.Match[bytes]) -> bytes:
    literal: bytes = extra[1] or b""
    return literal.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def _is_no_date(number: bytes) -> bool:
    """Whether a number could not be a day even if its style says so."""
    if len(number) < 7 and number.isdigit():
        return False
    try:
        return not 0 <= float(number) < _END_OF_DATES
    except ValueError:
        return True


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def column_letters(number: int) -> str:
    """The letters of a column; 1 is A."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
