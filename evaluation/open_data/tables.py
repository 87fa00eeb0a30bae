"""What the tables of a package are: schemas, the data dictionary and the CSV files are all made from this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.core.standard import CRITERION_GROUPS, Standard
from evaluation.core.status import Status
from schools.vocabulary import SchoolType, Stage, UrbanRural

#: Raised by one whenever a column changes its meaning, or which schools are left out: another package, even of the same
#: results. 2: schools that would give a hidden one away are left out; coefficients beside hidden schools are rounded.
FORMAT = 2
VALID, SUPERSEDED, REVOKED = "有效", "已被取代", "已撤销"
COMPOSITE = "综合"
_CODE = r"^[A-Z]{2}-[0-9]{4}-[0-9]{6}-[0-9]{2,}$"
_DIVISION = r"^[0-9]{6}$"
_SHA256 = r"^[0-9a-f]{64}$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name with the unit, what it means, and what may stand in it. ``kind`` is a type of JSON Schema."""

    name: str
    words: str
    kind: str = "string"
    unit: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    may_be_empty: bool = False
    least: int | None = None

    @property
    def header(self) -> str:
        """The name as it stands in the file."""
        return f"{self.name}（{self.unit}）" if self.unit else self.name

    def schema(self) -> dict[str, Any]:
        """What JSON Schema says of one value; an empty cell is null."""
        told: dict[str, Any] = {
            "description": self.words,
            "type": [self.kind, "null"] if self.may_be_empty else self.kind,
        }
        if self.unit:
            told["unit"] = self.unit
        if self.choices:
            told["enum"] = [*self.choices, None] if self.may_be_empty else list(self.choices)
        if self.pattern:
            told["pattern"] = self.pattern
        if self.least is not None:
            told["minimum"] = self.least
        return told


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A file of a package: what one row is, and its columns; ``key`` names those that tell rows apart."""

    name: str
    title: str
    words: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def filename(self) -> str:
        """The name of the file in the package."""
        return f"{self.name}.csv"

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of one row."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "description": self.words,
            "type": "object",
            "properties": {field.header: field.schema() for field in self.fields},
            "required": [field.header for field in self.fields],
            "additionalProperties": False,
            "primaryKey": list(self.key),
        }


_CERTIFICATE = Field("查询编号", "公布的结果的编号，固定地址由它组成", pattern=_CODE)
_COUNTY = Field("县代码", "县级行政区划代码", pattern=_DIVISION)
_STAGE = Field("学段", "小学或初中", choices=tuple(stage.label for stage in Stage))


def _results() -> OpenTable:
    return OpenTable(
        "results", "公布的结果", "一行是一个公布过的结果，包括后来被取代和撤销的。", ("查询编号",),
        (
            _CERTIFICATE,
            Field("证书编号", "证书上的编号"),
            _COUNTY,
            Field("县名", "公布时的省、市、县全名"),
            Field("学年", "学年起止年份"),
            Field("标准代码", "核算所用标准的代码"),
            Field("标准名称", "核算所用标准的名称"),
            Field("称号", "证书认定的称号"),
            Field("状态", f"数据截至时的状态；其他各表只含状态为“{VALID}”的结果", choices=(VALID, SUPERSEDED, REVOKED)),
            Field("公布日期", "公布的日期", pattern=_DAY),
            Field("取代了", "这个结果更正了哪个结果", pattern=_CODE, may_be_empty=True),
            Field("被取代于", "哪个结果取代了它", pattern=_CODE, may_be_empty=True),
            Field("小学行数", "参与计算的小学学段", "integer", "所", least=0),
            Field("初中行数", "参与计算的初中学段", "integer", "所", least=0),
            Field("项目数", "逐项要求的项数", "integer", "项", least=0),
            Field("达标项目数", "达标或豁免的项数", "integer", "项", least=0),
            Field("固定地址", "网页的固定地址"),
            Field("记录的SHA-256", "证书记录的散列值", pattern=_SHA256),
            Field("结论的SHA-256", "核算结论的散列值", pattern=_SHA256),
        ),
    )  # fmt: skip


def _coefficients() -> OpenTable:
    return OpenTable(
        "coefficients", "差异系数", "一行是一个县一个学段的一个差异系数。", ("查询编号", "学段", "指标"),
        (
            _CERTIFICATE,
            _COUNTY,
            _STAGE,
            Field("指标", f"指标的代码；“{COMPOSITE}”是各项的平均值"),
            Field("指标名称", "指标的简称"),
            Field("差异系数", "判定用的完整数值；学段内有学校不列入时，为公布的写法", "number", may_be_empty=True,
                  least=0),
            Field("公布的写法", "网页和证书上四舍五入以后的写法"),
            Field("上限", "不得高于；空着的不单独判定", "number", may_be_empty=True, least=0),
        ),
    )  # fmt: skip


def _schools(standards: Iterable[Standard]) -> OpenTable:
    found: dict[str, dict[str, None]] = {}
    units: dict[str, dict[str, None]] = {}
    for standard in standards:
        for each in standard.indicators:
            found.setdefault(each.code, {})[each.name] = None
            units.setdefault(each.code, {})[each.unit] = None
    # Where two standards give one code to two indicators, both are named and no unit stands in the header.
    values = tuple(
        Field(code, "；".join(found[code]), "number",
              next(iter(units[code])) if len(units[code]) == 1 else "", may_be_empty=True, least=0)
        for code in sorted(found)
    )  # fmt: skip
    return OpenTable(
        "schools", "学校", "一行是一所学校的一个学段；学生很少的学校、可借以推算其数据的学校和没有标识码的学校不列入。",
        ("查询编号", "学校标识码", "学段"),
        (
            _CERTIFICATE,
            _COUNTY,
            Field("学校标识码", "国家统一的学校标识码"),
            Field("学校名称", "签报时的校名"),
            _STAGE,
            Field("办学类型", "签报时的办学类型", choices=tuple(t.label for t in SchoolType), may_be_empty=True),
            Field("城乡分类", "签报时的城乡分类", choices=tuple(t.label for t in UrbanRural), may_be_empty=True),
            Field("在校生数", "该学段的在校生", "integer", "人", may_be_empty=True, least=0),
            *values,
            Field("达标指标数", "达到要求的指标", "integer", "项", least=0),
            Field("该校达标", "按标准对学校的要求；不逐校设要求的标准为空", "boolean", may_be_empty=True),
        ),
    )  # fmt: skip


def _items() -> OpenTable:
    return OpenTable(
        "items", "逐项要求", "一行是一个县的一项要求。", ("查询编号", "项目"),
        (
            _CERTIFICATE,
            _COUNTY,
            Field("方面", "项目所属的方面", choices=tuple(CRITERION_GROUPS.values())),
            Field("项目", "项目的代码"),
            Field("项目名称", "项目的名称"),
            Field("结果", "判定的结果", choices=tuple(status.label for status in Status)),
        ),
    )  # fmt: skip


def _corrections(kinds: Iterable[str]) -> OpenTable:
    return OpenTable(
        "corrections", "更正记录", "一行是公布以后的一次变化。", ("留痕编号",),
        (
            Field("留痕编号", "留痕链中的序号", "integer", least=1),
            Field("时间", "办理的时间，带时区"),
            _CERTIFICATE,
            _COUNTY,
            Field("变化", "办理的事项", choices=tuple(kinds)),
            Field("理由", "向社会公开的理由", may_be_empty=True),
        ),
    )  # fmt: skip


def _counties() -> OpenTable:
    return OpenTable(
        "counties", "县（市、区）", "一行是行政区划中的一个县级单位，无论有没有公布过结果。", ("县代码",),
        (
            _COUNTY,
            Field("县名", "县级单位的名称"),
            Field("市代码", "所属地级单位；省直管的为空", pattern=_DIVISION, may_be_empty=True),
            Field("市名", "所属地级单位的名称", may_be_empty=True),
            Field("省代码", "所属省级单位", pattern=_DIVISION),
            Field("省名", "所属省级单位的名称"),
            Field("有效的查询编号", "本学年有效的结果；没有的为空", pattern=_CODE, may_be_empty=True),
        ),
    )  # fmt: skip


def tables_of(standards: Iterable[Standard], kinds: Iterable[str]) -> Mapping[str, OpenTable]:
    """The tables of a package by name. ``standards`` are those the results were made by, ``kinds`` the words for what
    can happen to a result."""
    found = (_results(), _coefficients(), _schools(standards), _items(), _corrections(kinds), _counties())
    return {table.name: table for table in found}
