"""The words of 「填报说明」: how to fill in the workbook, in plain sentences for somebody tired. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from indicators.catalogue import COUNTY_SHEET, FIELD_BY_KEY, SCHOOL_SHEET
from indicators.problem import Severity


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the guide and its lines, each a key word and its explanation."""

    heading: str
    lines: tuple[tuple[str, str], ...]


#: The seven indicators, the keys of the columns their amounts come from, and how these are put together.
INDICATOR_SOURCES = (
    (
        "每百名学生拥有高于规定学历教师数",
        (
            *(f"primary_{degree}_teachers" for degree in ("associate", "bachelor", "master", "doctor")),
            *(f"junior_{degree}_teachers" for degree in ("bachelor", "master", "doctor")),
        ),
        "",
    ),
    ("每百名学生拥有县级以上骨干教师数", ("primary_backbone_teachers", "junior_backbone_teachers"), ""),
    (
        "每百名学生拥有体育、艺术（美术、音乐）专任教师数",
        tuple(f"{stage}_{s}_teachers" for stage in ("primary", "junior") for s in ("pe", "music", "fine_art", "arts")),
        "",
    ),
    ("生均教学及辅助用房面积", ("teaching_area", "indoor_sports_area"), "（前者减后者）"),
    ("生均体育运动场馆面积", ("sports_ground_area", "indoor_sports_area"), "（两者相加）"),
    ("生均教学仪器设备值", ("equipment_value",), "（系统把万元换算成元）"),
    ("每百名学生拥有网络多媒体教室数", ("multimedia_rooms",), ""),
)


def sections(school_year: int) -> tuple[Section, ...]:
    """The whole guide for one school year; 2025 is 2025—2026学年."""
    return (
        Section("一、怎样填", _STEPS),
        Section("二、填数的规则", (*_RULES, ("统计时间", _reference_time(school_year)), *_HANDLING)),
        Section("三、七项指标用到哪些列", _indicator_lines()),
        Section("四、上传后会看到的三种问题", _PROBLEMS),
        Section("五、哪里有帮助", _HELP),
    )


_STEPS = (
    (
        "第一步",
        f"打开「{SCHOOL_SHEET}」，一所学校填一行。一贯制学校和完全中学也只填一行，各学段的数填在同一行里。",
    ),
    ("第二步", f"打开「{COUNTY_SHEET}」，只填“数值”一列，其他三列不要改。"),
    ("第三步", "保存为 .xlsx 文件。不要加密码，不要改工作表的名字。"),
    (
        "第四步",
        "登录填报网站，打开本学年的填报页面，选择这个文件上传。上传后可以关闭页面，核对结果会留在网站上。",
    ),
    ("第五步", "按核对结果改好后再上传。可以上传很多次，签报之前上级看不到。"),
)

_RULES = (
    (
        "空着和填 0 不一样",
        "填 0 表示数量是零。空着表示学校没有这个学段，或者还没有填。"
        "学校有这个学段，这一格就要填；空着按缺少数据处理，不会当作 0。",
    ),
    (
        "没有的学段",
        "没有小学的学校，“小学”开头的各列都空着，不要填 0。"
        "没有初中的学校，“初中”开头的各列和“初中巩固率”一组都空着。没有高中的学校，高中在校生数空着。",
    ),
    (
        "学校标识码",
        "10 位数字，按文本填写，开头的 0 要保留。如果出现“以文本形式存储的数字”的提示，不要转换成数字。",
    ),
    ("人数、班数、间数", "只填整数，不写“人”“个”等字。"),
    ("面积", "单位是平方米（㎡），保留两位小数。"),
    (
        "金额",
        f"「{SCHOOL_SHEET}」中的经费和设备资产值，单位是万元，最多六位小数。"
        f"「{COUNTY_SHEET}」中的金额，单位写在“单位”一列。",
    ),
    ("专用教室面积", "每间教室填一个数，用分号隔开，例如 96;98.5。没有这种教室的空着。"),
    ("下拉选择", "办学类型、举办者类型、城乡类型和填是或否的各列，点格子右边的箭头选择。"),
)

_HANDLING = (
    ("从别处粘贴", "请用“选择性粘贴—数值”，以免盖掉本表的格式和下拉列表。"),
    ("表头", "表头的文字不要改，列不要删。列的先后可以调换。"),
)

_PROBLEMS = (
    (Severity.ERROR.label, "数据缺少或者有错。改好以后才能签报。"),
    (
        Severity.EXPLAIN.label,
        "数据少见，但可能是真的。请核对：错了就改；没有错，就在网站上写明原因。数不变，原因不用再写。",
    ),
    (Severity.WARNING.label, "供参考，不影响签报。"),
)

_HELP = (
    ("表头的批注", "鼠标停在表头上，会出现这一列的单位、来源和填法。「县级数据」的批注在“项目”一列。"),
    ("格子的提示", "点中一个要填的格子，旁边会出现提示。填错时会说明应当怎样填。"),
    (
        "格子的颜色",
        f"「{SCHOOL_SHEET}」中，浅黄是要填还空着的格子，红色是几个数互相矛盾（例如各学历教师数合计超过专任教师数）。",
    ),
    (
        "七项指标试算",
        "从网站下载的模板带有这张工作表，边填边算每所学校的七项指标和全县的差异系数，不用填写。"
        "第一次打开时如果没有数，请点“启用编辑”。结果以上传后的核算为准。",
    ),
    (
        "上年数据",
        "下载时选了上年数据的，另有一张灰色的对照表；与上年相差超过 30% 的数变成黄色。"
        "选了以上年数据为起始值的，灰字是没有改过的上年数，改过就变黑。",
    ),
    (
        "核对结果",
        "每个问题都写明工作表、单元格、学校、填了什么和怎样改。也可以下载标好问题的原表，照着改。",
    ),
)


def _reference_time(school_year: int) -> str:
    return (
        f"学生、班级、教师和办学条件按本学年初（{school_year} 年 9 月 1 日）的数填；"
        "经费、工资、交流轮岗填上一年度的数。"
    )


def _indicator_lines() -> tuple[tuple[str, str], ...]:
    return (
        *(
            (f"{number}. {name}", "、".join(FIELD_BY_KEY[key].header for key in keys) + remark)
            for number, (name, keys, remark) in enumerate(INDICATOR_SOURCES, 1)
        ),
        (
            "折算成生均",
            "各项都除以本学段的在校生数。第 4 至 7 项，学校有几个学段的，系统按规定的权重分到各学段，"
            "不用自己拆分；有高中的学校要填高中在校生数。",
        ),
    )
