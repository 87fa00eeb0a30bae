"""Tables of the page of open data: the packages, and every column in them."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils import timezone

from evaluation.models import OpenDataPackage
from evaluation.open_data.documents import dictionary_lines
from evaluation.open_data.tables import OpenTable
from reports.presenters.open_tables.places import year_words
from reports.presenters.open_tables.shape import Cell, Column, Table, columns, texts

_KIB = 1024


def package_table(packages: Iterable[OpenDataPackage]) -> Table:
    """Every package, the newest year and version first."""
    rows = tuple(
        (
            Cell(
                f"{year_words(each.school_year)}学年第 {each.version} 版",
                link=reverse("open_data_file", args=[each.school_year, each.version]),
            ),
            Cell(f"{timezone.localtime(each.as_of):%Y-%m-%d %H:%M}"),
            *texts(
                each.rows["results"], each.rows["schools"], max(round(each.file.size / _KIB), 1), each.file_id
            ),
        )
        for each in packages
    )  # fmt: skip
    heads = (
        *columns("压缩包", "数据截至"),
        Column("公布的结果", "个", is_number=True),
        Column("学校", "行", is_number=True),
        Column("大小", "KB", is_number=True),
        Column("SHA-256"),
    )
    return Table("packages", "压缩包", "新的在前；有了更正，另出新的版本，旧版本的网址和内容不变", heads, rows,
                 style="cards hash-table")  # fmt: skip


def dictionary_tables(tables: Iterable[OpenTable]) -> list[Table]:
    """What each column of each file means; one sheet of a workbook."""
    return [
        Table(
            "dictionary",
            "数据字典",
            f"{table.filename}：{table.title}",
            columns("栏目", "类型", "可以为空", "取值", "说明"),
            tuple(
                texts(header, kind, empty, choices, words)
                for _, header, kind, _, empty, choices, words in dictionary_lines([table])
            ),
            group_header="文件",
            group=table.filename,
            note=f"{table.title}：{table.words}",
            is_caption_shown=False,
        )
        for table in tables
    ]
