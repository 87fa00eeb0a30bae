"""Every placeholder a template may use, by document: the contract between facts and templates. Pure.

A text is "", a yes or no False, a picture PICTURE; ``[""]`` a list of texts, ``[{…}]`` a list of rows. Names are those
a province sees in Word, so they are Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from evaluation.document_making import DocumentKind

PICTURE: Final = "picture"
#: What a seal says, and its address as a QR code. Every template must print the first four.
SEAL: Final[Mapping[str, Any]] = {
    "文号": "", "校验码": "", "查验地址": "", "查验二维码": PICTURE, "完整校验码": "", "文书名称": "",
}  # fmt: skip
REQUIRED: Final = ("文号", "校验码", "查验地址", "查验二维码")
CHART: Final = "差异系数图"
SPREAD: Final = "差异系数分布图"

Schema = Mapping[str, Any]


def _rows(names: str, **lists: Any) -> list[dict[str, Any]]:
    return [{**dict.fromkeys(names.split(), ""), **lists}]


_COUNTY: Schema = dict.fromkeys(
    ("县名", "县代码", "学年", "标准名称", "标准文号", "判定日期", "签报编号", "签报日期", "签报人", "数据版本", "结论",
     "结论说明", "判定结果校验码"),
    "",
)  # fmt: skip
_ITEMS = _rows("序号 代码 名称 要求 情况 结论")
_DIMENSIONS = _rows("名称 情况 结论")
_STAGES = _rows("名称 学校数 在校生 达标学校数 未达标学校数 无法核算学校数 说明")
_COEFFICIENTS = _rows("学段 代码 名称 简称 平均值 差异系数 上限 结论", 不高于上限=False)
_PROBLEMS = _rows("序号 标题 内容 要求 期限", 事实=[""])
_RULES: Schema = {"学校标准": "", "差异系数要求": ""}
_SHORT = _rows("学校 学段 差距 结论")

SCHEMAS: Final[Mapping[DocumentKind, Schema]] = {
    DocumentKind.SELF_ASSESSMENT: {
        **_COUNTY, **_RULES,
        "基本情况": "", "基本情况表": _rows("项目一 数值一 项目二 数值二"),
        "维度": _DIMENSIONS, "学段": _STAGES,
        "达标情况表": _rows("代码 名称 单位 小学要求 小学达标数 小学达标比例 初中要求 初中达标数 初中达标比例"),
        "差异系数表": _COEFFICIENTS, "差异系数说明": "", CHART: PICTURE,
        "政府保障": _ITEMS, "政府保障说明": "", "教育质量": _ITEMS, "教育质量说明": "", "社会认可": _ITEMS,
        "社会认可度表": _rows("对象 发放 有效 满意 满意度 走访 走访满意 走访满意度"),
        "否决事项": _ITEMS, "否决事项说明": "", "成效": [""], "问题": _PROBLEMS, "差额合计": "", "差距学校": _SHORT,
        "差距学校说明": "", "待评定说明": "", "下一步": "",
    },
    DocumentKind.OPINION: {
        **_COUNTY, **_RULES,
        "程序": "", "过程": _rows("日期 事项 经办"), "维度": _DIMENSIONS, "学段": _STAGES,
        "差异系数表": _COEFFICIENTS, "差异系数说明": "", CHART: PICTURE,
        "政府保障": _ITEMS, "政府保障说明": "", "教育质量": _ITEMS, "教育质量说明": "", "社会认可": _ITEMS,
        "否决事项": _ITEMS, "否决事项说明": "",
        "待评定说明": "", "决定": "", "决定理由": "", "审定意见": "", "县级意见": "",
        "退回": _rows("轮次 日期 单位 处数 期限 状态"), "问答": "", "问题": _PROBLEMS,
        "整改要求": [""],
    },
    DocumentKind.FEEDBACK: {
        **_COUNTY,
        "维度": _DIMENSIONS, "成效": [""], "问题": _PROBLEMS, "差额合计": "", "差距学校": _SHORT,
        "差距学校说明": "", "期限": "",
    },
    DocumentKind.SCHOOL_PLAN: {
        **_COUNTY,
        "学校名称": "", "学校标识码": "", "学校情况": _rows("项目一 内容一 项目二 内容二"), 
        "学校标准": "", "学校结论": "", "分摊说明": "",
        "学段": _rows("名称 在校生 结论 差额 先补", 指标=_rows("代码 名称 单位 要求 底线 本校 结论 差额")),
        "不达标项目": _rows("代码 名称 要求 结论 情况"),
        "差异系数影响": _rows("学段 代码 名称 全县差异系数 上限 本校占比 位次 补齐后 说明"),
        "任务": _rows("序号 任务 验收 期限"), "期限": "",
    },
    DocumentKind.ANNUAL_REPORT: {
        **dict.fromkeys(
            ("省名", "省代码", "学年", "截止日期", "县数", "本年认定数", "公示数", "现行有效数", "撤销取代数",
             "未公布数", "概述", "差异系数说明"),
            "",
        ),
        "县情况": _rows("代码 名称 市州 状态 学年 证书编号 公布日期 达标项目"),
        "差异系数分布": _rows("学段 代码 名称 县数 最小 中位 最大 上限 无法核算"), SPREAD: PICTURE,
        "变化": [""], "更正": _rows("日期 县 事项 证书 理由"),
    },
}  # fmt: skip


def schema_of(kind: DocumentKind) -> Schema:
    """Every placeholder of a document, those of its seal included."""
    return {**SCHEMAS[kind], **SEAL}


def sample_of(schema: Any) -> Any:
    """Facts that fit a schema, to try a template out on: two rows a list, and every text the same."""
    if isinstance(schema, Mapping):
        return {name: sample_of(each) for name, each in schema.items() if each != PICTURE}
    if isinstance(schema, list):
        return [sample_of(schema[0]) for _ in range(2)]
    return True if schema is False else "示例"
