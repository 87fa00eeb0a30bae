"""What goes with the tables of a package: the data dictionary, the schemas, and the words for whoever opens it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from io import StringIO
from typing import Any

from evaluation.open_data.tables import Field, OpenTable

_KINDS = {"string": "文本", "number": "小数", "integer": "整数", "boolean": "是否（true / false）"}
_HEADS = ("文件", "栏目", "类型", "单位", "可以为空", "取值", "说明")


def json_bytes(told: Any) -> bytes:
    """JSON as people read it, the same bytes each time."""
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def dictionary_lines(tables: Iterable[OpenTable]) -> list[tuple[str, ...]]:
    """Every column of every table in words."""
    return [_line(table, field) for table in tables for field in table.fields]


def _line(table: OpenTable, field: Field) -> tuple[str, ...]:
    empty = "是" if field.may_be_empty else "否"
    kind = _KINDS[field.kind]
    return (table.filename, field.header, kind, field.unit, empty, "、".join(field.choices), field.words)


def dictionary_csv(tables: Iterable[OpenTable]) -> bytes:
    """The data dictionary as CSV."""
    target = StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(_HEADS)
    writer.writerows(dictionary_lines(tables))
    return target.getvalue().encode("utf-8-sig")


def dictionary_markdown(tables: Iterable[OpenTable]) -> bytes:
    """The data dictionary to read."""
    lines = ["# 数据字典", ""]
    for table in tables:
        heads = _HEADS[1:]
        lines += [f"## {table.filename} {table.title}", "", f"{table.words}主键：{'、'.join(table.key)}。", ""]
        lines += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        for field in table.fields:
            cells = [text.replace("|", "\\|").replace("\n", " ") for text in _line(table, field)[1:]]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).encode("utf-8")


def readme(year: int, version: int, as_of: str, address: str, tables: Iterable[OpenTable], fewest: str) -> bytes:
    """What the package is and how to use it."""
    files = "\n".join(f"- `{table.filename}`：{table.title}。{table.words}" for table in tables)
    return f"""# {year}—{year + 1}学年义务教育优质均衡评估公开数据，第 {version} 版

数据截至 {as_of}（最近一次公布、更正或撤销的时间）。网址：{address}

## 内容

{files}
- `schema/`：每个表的 JSON Schema（类型、单位、取值），空的单元格按 null 检查。
- `数据字典.md`、`数据字典.csv`：每一栏的含义，与 JSON Schema 由同一份定义生成。
- `manifest.json`：行数、每份证书记录的散列值。`SHA256SUMS`：每个文件的散列值，用 `sha256sum -c SHA256SUMS` 核对。
- `LICENCE.txt`：使用许可。

## 怎样读

- CSV 用 UTF-8 编码，带字节序标记，可以直接用表格软件打开；逗号分隔，第一行是栏目名称，单位写在栏目名称里。
- 数值是判定所用的完整数值，没有四舍五入；空的单元格表示没有数据或无法核算，不是 0。
  学段内有学校不列入时，该学段的差异系数只给到公布的位数，以免推算出这些学校的数据。
- 以 = + - @ 或制表符开头的文本前面加了一个撇号，免得表格软件当作公式运行。
- 各表用“查询编号”“县代码”“学校标识码”连接。

## 范围

- 只含已经公布的结果。`results.csv` 列出全部公布过的结果和现在的状态；
  `coefficients.csv`、`schools.csv`、`items.csv` 只含状态为“有效”的结果。
- 为保护学生个人信息，在校生少于规定人数的学校、可借以推算其数据的学校和没有标识码的学校不列入
  `schools.csv`。规定人数：{fewest}
- 公布以后有了更正、取代或撤销，会另发新的版本；这一版的网址和内容不变。
""".encode()
