"""Tables of public pages: each is one object that both the page and the file to take away are made from, so that the
two cannot differ. ``shape`` says what a table is; the other modules make the tables of the pages."""

from reports.presenters.open_tables.shape import Cell, Column, Table, code_cell, marked, texts

__all__ = ["Cell", "Column", "Table", "code_cell", "marked", "texts"]
