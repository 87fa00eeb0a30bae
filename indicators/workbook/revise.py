"""Single values put into a copy of an uploaded workbook; everything else in the file stays as it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from html import unescape

from indicators.workbook.notes import letters_of, place_of
from indicators.workbook.parts import (
    ATTRIBUTES,
    STRANGE,
    CannotEdit,
    Package,
    attribute,
    escaped,
    odd_file,
    with_attribute,
)
from indicators.workbook.sheet_edit import At, Cell, SheetText

#: What is put into a cell: a number, a text, or nothing.
NewValue = Decimal | str | None
#: Sheet and A1 address.
CellPlace = tuple[str, str]
#: First row, first column, last row, last column.
Area = tuple[int, int, int, int]

#: More formulas than these are not looked at one by one.
_MOST_FORMULAS = 5_000
#: Formulas that rest on formulas, so many one behind the other.
_LONGEST_CHAIN = 50
_REFERENCE = re.compile(
    r"(?<![\w.$])\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})(?::\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6}))?(?![\w.(:])"
)
_FORMULA = re.compile(rb"<(?:[\w.\-]+:)?f(?=[\s>/])([^<>]*)>")


def revise(content: bytes, values: Mapping[CellPlace, NewValue], figures: Mapping[str, Collection[str]]) -> bytes:
    """The same workbook with other values in some cells, in the style the cells have.

    ``figures`` are the cells of each sheet that are read as figures: where one of them is a formula that may rest on a
    changed cell, its stored result would be out of date, so the file is refused with words, as is a change that would
    tear a shared formula. Raises ``CannotEdit``.
    """
    try:
        return _revised(content, values, figures)
    except STRANGE:
        raise odd_file() from None


def _revised(content: bytes, values: Mapping[CellPlace, NewValue], figures: Mapping[str, Collection[str]]) -> bytes:
    package = Package(content)
    parts = {sheet.name: sheet.part for sheet in reversed(package.sheets()) if sheet.part}
    changes: dict[str, dict[At, NewValue]] = {}
    for (sheet, address), value in values.items():
        at = place_of(address)
        if sheet not in parts or not all(at):
            raise CannotEdit(f"文件中没有单元格「{sheet}」{address}，不能更正。")
        changes.setdefault(sheet, {})[at] = value
    replaces_formula = False
    for sheet, part in parts.items():
        if sheet not in changes and sheet not in figures:
            continue
        text = SheetText(package.read(part))
        here = changes.get(sheet, {})
        replaces_formula |= _check_formulas(sheet, text, here, figures.get(sheet, ()))
        if here:
            package.write(part, text.edited({at: _putting(value, text.prefix) for at, value in here.items()}))
    if replaces_formula:
        _forget_calculation_order(package)
    _recalculate_when_opened(package, parts.values())
    return package.finished()


def _check_formulas(sheet: str, text: SheetText, changed: Mapping[At, NewValue], figures: Collection[str]) -> bool:
    """Whether a changed cell held a formula; refuses what cannot be changed without recalculating the workbook."""
    places = {place_of(address) for address in figures}
    formulas: dict[At, str | None] = {}
    replaces = False
    for at, cell in text.cells():
        if not cell.has_formula:
            continue
        address = f"「{sheet}」{letters_of(at[1])}{at[0]}"
        if at in changed:
            replaces = True
            formula = _FORMULA.search(cell.content or b"")
            if formula is not None and attribute(formula[1], b"ref") is not None:
                raise CannotEdit(f"{address} 的公式被其他单元格共用，不能在线更正。请在表格软件中更正后重新上传。")
        else:
            formulas[at] = _formula_text(cell)
    for at in sorted(_resting_on(set(changed), formulas) & places):
        raise CannotEdit(
            f"「{sheet}」{letters_of(at[1])}{at[0]} 是公式，在线更正后公式的结果不会跟着重新计算。"
            "请在表格软件中更正并保存，然后重新上传。"
        )
    return replaces


def _formula_text(cell: Cell) -> str | None:
    """The formula of a cell; None where it is written elsewhere, in the cell it is shared with."""
    found = re.search(rb"<(?:[\w.\-]+:)?f(?=[\s>])[^<>]*>([^<]*)<", cell.content or b"")
    return found[1].decode("utf-8", "replace") if found is not None and found[1].strip() else None


def _resting_on(changed: set[At], formulas: Mapping[At, str | None]) -> set[At]:
    """The formulas whose result may rest on a changed cell, directly or through other formulas. What is not plainly a
    calculation with cells of the same sheet may rest on anything."""
    if len(formulas) > _MOST_FORMULAS:
        return set(formulas)
    areas = {at: _areas(text) for at, text in formulas.items()}
    resting = {at for at, known in areas.items() if known is None}
    fresh = changed | resting
    for _ in range(_LONGEST_CHAIN):
        fresh = {at for at, known in areas.items() if at not in resting and known and _touches(known, fresh)}
        if not fresh:
            return resting
        resting |= fresh
    return set(formulas)


def _touches(areas: Collection[Area], cells: Collection[At]) -> bool:
    return any(
        top <= row <= bottom and left <= column <= right for top, left, bottom, right in areas for row, column in cells
    )


def _areas(formula: str | None) -> list[Area] | None:
    """The cells a formula names, as areas of rows and columns; None where it may look further."""
    if formula is None:
        return None
    plain = re.sub(r'"[^"]*"', "", unescape(formula)).upper()
    if re.search(r"[!\[\]{}']|\b(?:INDIRECT|OFFSET|INDEX|CELL)\b", plain):
        return None
    areas = []
    for found in _REFERENCE.finditer(plain):
        first, last = found.group(1, 2), found.group(3, 4) if found[3] else found.group(1, 2)
        (top, left), (bottom, right) = place_of("".join(first)), place_of("".join(last))
        if not (top and bottom):
            return None
        areas.append((min(top, bottom), min(left, right), max(top, bottom), max(left, right)))
    # What is left may be functions, numbers and signs; a word that is no function is a name for other cells.
    rest = re.sub(r"[A-Z][A-Z0-9.]*\s*\(|\b(?:TRUE|FALSE)\b|[0-9.]+(?:E[+-]?[0-9]+)?", " ", _REFERENCE.sub(" ", plain))
    return None if re.search(r"\w", rest) else areas


def _putting(value: NewValue, prefix: bytes) -> Callable[[Cell], tuple[bytes, bytes | None]]:
    def put(cell: Cell) -> tuple[bytes, bytes | None]:
        attributes = cell.attributes
        for name in (b"t", b"cm", b"vm"):
            attributes = with_attribute(attributes, name, None)
        if value is None or value == "":
            return attributes, None
        if isinstance(value, Decimal):
            return attributes, b"<%bv>%b</%bv>" % (prefix, f"{value:f}".encode(), prefix)
        text = b'<%bis><%bt xml:space="preserve">%b</%bt></%bis>' % (prefix, prefix, escaped(value), prefix, prefix)
        return with_attribute(attributes, b"t", b"inlineStr"), text

    return put


def _forget_calculation_order(package: Package) -> None:
    """A formula is gone: the list of formulas in their order would name a cell without one, which spreadsheets call a
    damaged file. They make the list anew where it is missing."""
    main = package.main_part()
    for relation in package.relations(main).values():
        if relation.kind == "calcChain" and relation.target in package:
            package.drop(relation.target)
            package.unrelate(main, "calcChain")
            package.undeclare(relation.target)
            return


def _recalculate_when_opened(package: Package, parts: Collection[str]) -> None:
    """Results stored elsewhere in the workbook may rest on the changed cells: spreadsheets are asked to work them out
    anew when they open the file."""
    if not any(_FORMULA.search(package.read(part)) for part in parts):
        return
    main = package.main_part()
    text = package.read(main)
    found = re.search(rb"<((?:[\w.\-]+:)?)calcPr(?=[\s/>])(%b)(/?>)" % ATTRIBUTES, text)
    if found is not None:
        calculated = b"<%bcalcPr%b%b" % (found[1], with_attribute(found[2], b"fullCalcOnLoad", b"1"), found[3])
        package.write(main, text[: found.start()] + calculated + text[found.end() :])
        return
    *_, last = re.finditer(rb"</((?:[\w.\-]+:)?)(?:sheets|functionGroups|externalReferences|definedNames)\s*>", text)
    package.write(main, text[: last.end()] + b'<%bcalcPr fullCalcOnLoad="1"/>' % last[1] + text[last.end() :])
