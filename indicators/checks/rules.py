"""Every rule that can speak about a workbook: its stable code, how much it weighs, its title, and the form or
article it rests on. Pure.

A page lists this table, tests hold that nothing outside it is ever said, and a stored problem names
its rule by the code: a code is never renamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from indicators.problem import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """``title`` says in Chinese what is wrong where the rule speaks, ``rests_on`` the form or article that asks for
    it. ``needs_context`` marks the rules that look beyond the workbook: at last year, the register, a standard."""

    code: str
    severity: Severity
    title: str
    rests_on: str
    group: str
    needs_context: bool = False

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


# Rows of a group: code → (title, what it rests on).
_Rows = dict[str, tuple[str, str]]

#: The group of what keeps a file from being read at all; such a file is refused as a whole.
FILE_GROUP = "文件"

_FILES = "文件格式：.xlsx 工作簿或 .csv"
_LIMITS = "文件格式：大小和数据量的上限"
_SAFETY = "文件安全：不接收宏、外部链接和嵌入的内容"
_READING = "系统运行"
_TEMPLATE = "填报模板：版本"
_SHEETS = "填报模板：工作表"
_HEADERS = "填报模板：表头"
_CODES = "学校（机构）代码库"
_CELLS = "填报模板：栏目的类型和单位"
_PUPILS = "教基3112/3115"
_CLASSES = "教基2106/2107"
_TEACHERS = "教基4155/4156"
_BUILDINGS = "教基5170"
_CONDITIONS = "教基5176"
_MEASURED = "现场测量；标准：政府保障程度第 3 项"
_BUDGET = "部门预算、决算"
_COUNTY = "填报模板：县级数据"
_REGISTER = "学校名录"
_PEERS = "同类学校比较；"
_YEARS = "上年填报；"

_ERRORS: dict[str, _Rows] = {
    FILE_GROUP: {
        "file.empty": ("文件是空的", _FILES),
        "file.not_a_workbook": ("文件不是工作簿", _FILES),
        "file.old_xls": ("旧版 .xls 工作簿", _FILES),
        "file.xlsb": ("二进制工作簿（.xlsb）", _FILES),
        "file.ods": ("OpenDocument 表格（.ods）", _FILES),
        "file.strict_ooxml": ("“严格”格式（Strict Open XML）的工作簿", _FILES),
        "file.truncated": ("文件不完整", _FILES),
        "file.damaged": ("文件已损坏", _FILES),
        "file.rows_out_of_order": ("工作表中的行没有按顺序排列", _FILES),
        "file.duplicate_cells": ("工作表中同一单元格出现两次", _FILES),
        "file.duplicate_sheets": ("同名的数据工作表有两个", _SHEETS),
        "file.csv_encoding": ("CSV 文件的编码无法识别", _FILES),
        "file.csv_malformed": ("CSV 文件的引号不成对或内容过长", _FILES),
        "file.too_large": ("文件过大", _LIMITS),
        "file.inflates_too_much": ("文件解压后过大", _LIMITS),
        "file.too_many_parts": ("文件包含的部件过多", _LIMITS),
        "file.too_many_sheets": ("工作表过多", _LIMITS),
        "file.too_many_rows": ("数据行过多", _LIMITS),
        "file.too_many_cells": ("数据区过大", _LIMITS),
        "file.encrypted": ("文件有打开密码或经过加密", _SAFETY),
        "file.macros": ("文件含有宏", _SAFETY),
        "file.external_links": ("文件链接了其他工作簿", _SAFETY),
        "file.embedded_objects": ("文件嵌入了其他文件", _SAFETY),
        "file.doctype": ("文件含有 DOCTYPE 声明", _SAFETY),
        "file.reader_stopped": ("读取文件时中止", _LIMITS),
        "file.reader_unavailable": ("系统暂时无法读取文件", _READING),
        "file.unreadable": ("系统没有读到上传的文件", _READING),
        "file.not_found": ("找不到要判定的文件（命令行）", _READING),
    },
    "工作簿": {
        "template.old": ("模板版本过旧", _TEMPLATE),
        "template.unknown": ("模板版本无法识别", _TEMPLATE),
        "sheet.missing": ("缺少工作表「学校数据」", _SHEETS),
        "sheet.no_header": ("工作表中找不到表头行", _HEADERS),
        "sheet.no_school": ("没有填写任何学校", _SHEETS),
        "sheet.too_many_schools": ("学校行数过多", _SHEETS),
        "problems.too_many": ("问题过多，没有逐一列出", _SHEETS),
        "header.missing": ("缺少一列", _HEADERS),
        "header.unit": ("表头的单位与模板不一致", _HEADERS),
        "header.twice": ("同一表头出现两次", _HEADERS),
    },
    "学校标识码": {
        "code.missing": ("学校标识码未填写", _CODES),
        "code.leading_zero": ("学校标识码开头的 0 丢失", _CODES),
        "code.scientific": ("学校标识码变成了科学计数法", _CODES),
        "code.characters": ("学校标识码夹有空格、全角数字或其他字符", _CODES),
        "code.not_ten_digits": ("学校标识码不是 10 位数字", _CODES),
        "code.twice": ("学校标识码重复", _CODES),
    },
    "单元格": {
        "cell.missing": ("必填项未填写", _CELLS),
        "cell.error_value": ("单元格是错误值", _CELLS),
        "cell.formula_without_value": ("公式没有计算结果", _CELLS),
        "cell.date": ("单元格是日期", _CELLS),
        "cell.boolean": ("单元格是逻辑值", _CELLS),
        "cell.placeholder": ("用符号或文字代替数字", _CELLS),
        "cell.text_number": ("数字存成了文本", _CELLS),
        "cell.text": ("应填数字的单元格是文字", _CELLS),
        "cell.not_text": ("应填文字的单元格是数字", _CELLS),
        "cell.too_long": ("文字过长", _CELLS),
        "cell.negative": ("数字为负", _CELLS),
        "cell.fraction": ("应为整数", _CELLS),
        "cell.too_large": ("数字大得不可信", _CELLS),
        "cell.year": ("不是有效的年份", _CELLS),
        "cell.choice": ("不在可选范围内", _CELLS),
        "cell.grade": ("不是有效的监测等级", "国家义务教育质量监测"),
        "cell.rooms": ("专用教室面积的写法有误", _MEASURED),
    },
    "一所学校": {
        "school.no_figures": ("该校各项数据均未填写", _SHEETS),
        "pupils.in_zone": ("片区内在校生数超过在校生数", "标准：政府保障程度第 13 项"),
        "pupils.migrant": ("随迁子女在校生数超过在校生总数", _PUPILS),
        "classes.none": ("有学生但没有班级", _CLASSES),
        "classes.largest_above_pupils": ("最大班额超过在校生数", _CLASSES),
        "classes.too_small_for_pupils": ("班级数乘以最大班额小于在校生数", _CLASSES),
        "classes.over_limit_above_classes": ("超班额班级数超过班级数", _CLASSES),
        "classes.over_limit_without_large_class": ("有超班额班级，但最大班额未超", _CLASSES),
        "classes.large_class_not_counted": ("最大班额已超，但超班额班级数为 0", _CLASSES),
        "teachers.degrees": ("各学历教师数合计超过专任教师数", _TEACHERS),
        "teachers.backbone": ("骨干教师数超过专任教师数", "教基1102续"),
        "teachers.sports_and_arts": ("体育、艺术专任教师数合计超过专任教师数", _TEACHERS),
        "teachers.certified": ("持教师资格证的专任教师数超过专任教师数", "标准：政府保障程度第 12 项"),
        "teachers.trained": ("培训满 360 学时的专任教师数超过专任教师数", "标准：政府保障程度第 9 项"),
        "areas.indoor_sports": ("室内体育用房面积超过教学及辅助用房面积", _BUILDINGS),
        "funds.training": ("教师培训经费预算超过公用经费预算总额", "标准：教育质量第 4 项"),
        "stage.hidden": ("没有填学生，却填了该学段的数据", _PUPILS),
        "type.vocational": ("职业学校填了义务教育学生", "标准：计算范围"),
        "retention.impossible": ("巩固率远超过 100%", "标准：教育质量第 1 项"),
        "retention.deceased": ("三年死亡学生数超过三年前入学学生数", "标准：教育质量第 1 项"),
    },
    "县级数据": {
        "county.sheet_missing": ("缺少工作表「县级数据」", _COUNTY),
        "county.code_twice": ("县级数据的代码重复", _COUNTY),
        "county.row_missing": ("县级数据缺少一行", _COUNTY),
        "county.unit": ("单位与模板不一致", _COUNTY),
        "county.no_rate": ("定额或收入为 0", _COUNTY),
        "county.agricultural": ("农业人口数超过人口总数", "县级数据 C01、C02"),
        "county.rotation": ("交流轮岗教师数超过符合条件教师数", "标准：政府保障程度第 11 项"),
        "county.rotation_backbone": ("交流的骨干教师数超过交流轮岗教师数", "标准：政府保障程度第 11 项"),
        "county.quota": ("分配名额超过招生名额总数", "标准：政府保障程度第 14 项"),
        "county.quota_rural": ("农村学校名额超过分配名额", "标准：政府保障程度第 14 项"),
        "county.migrant": ("就读的随迁子女数超过符合条件的随迁子女数", "标准：政府保障程度第 15 项"),
        "county.disabled_enrolled": ("入学数超过适龄残疾儿童少年数", "标准：教育质量第 2 项"),
        "county.disabled_special": ("特殊教育学校就读数超过入学数", "标准：教育质量第 2 项"),
        "county.difference": ("校际差异率大于 1", "标准：教育质量第 9 项"),
    },
}

_TO_EXPLAIN: dict[str, _Rows] = {
    "一所学校": {
        "stage.not_reported": ("一贯制学校有一个学段没有填报", _PUPILS),
        "stage.no_pupils": ("应有的学段没有学生", _PUPILS),
        "stage.not_run": ("办学类型不含该学段，却填了学生", "教基1001"),
        "grades.unusual": ("年级数不寻常", _CLASSES),
        "teachers.none": ("有学生但没有专任教师", _TEACHERS),
        "money.looks_like_yuan": ("金额像是按元填写", _CELLS),
        "type.special_large": ("特殊教育学校学生过多", "标准：计算范围"),
        "funds.none": ("公用经费预算总额为 0", "标准：教育质量第 4 项"),
        "stage.none_in_county": ("全县没有某一学段的学校", "标准：计算范围"),
        "retention.above_all": ("巩固率超过 100%", "标准：教育质量第 1 项"),
    },
    "县级数据": {
        "county.no_denominator": ("作分母的数为 0", _COUNTY),
    },
    "学校之间": {
        "school.same_figures": ("两所学校的数据完全相同", _SHEETS),
    },
}

_WARNINGS: dict[str, _Rows] = {
    "工作簿": {
        "template.none": ("工作簿没有模板版本", _TEMPLATE),
        "sheet.hidden": ("数据所在的工作表是隐藏的", _SHEETS),
        "header.alias": ("表头是旧的导出写法，已按模板的栏目读取", _HEADERS),
        "header.spelling": ("表头写法与模板略有不同", _HEADERS),
        "header.unknown": ("多余的列，不使用", _HEADERS),
        "row.total": ("合计行，不使用", _SHEETS),
    },
    "学校标识码": {
        "code.number": ("学校标识码存成了数字", _CODES),
        "code.outer_space": ("学校标识码前后有空格", _CODES),
    },
    "单元格": {
        "cell.decimals": ("小数位数多于要求", _CELLS),
        "cell.rounded": ("小数超过 6 位，已四舍五入", _CELLS),
        "cell.missing_for_relaxation": ("只影响特殊规定的栏未填写", "督导评估规程（2019）特殊规定"),
    },
    "一所学校": {
        "stage.figures_without_pupils": ("没有学生的学段填了数据", _PUPILS),
        "teachers.certified_with_senior": (
            "持教师资格证的教师数超过小学和初中专任教师数",
            "标准：政府保障程度第 12 项",
        ),
        "teachers.trained_with_senior": (
            "培训满 360 学时的教师数超过小学和初中专任教师数",
            "标准：政府保障程度第 9 项",
        ),
    },
    "学校之间": {
        "school.name_twice": ("学校名称重复", _CODES),
    },
    "县级数据": {
        "county.not_in_csv": ("CSV 文件不含县级数据", _COUNTY),
        "county.code_unknown": ("县级数据中不认识的代码，不使用", _COUNTY),
        "county.monitoring_pending": ("质量监测结果待国家提供", "标准：教育质量第 9 项"),
    },
}

# The rules of the second step, which looks beyond the workbook or at what is merely unlikely.
_CONTEXT_TO_EXPLAIN: dict[str, _Rows] = {
    "一所学校": {
        "classes.over_limit_above_pupils": ("超班额班级容纳的人数超过在校生数", _CLASSES),
        "classes.uneven": ("最大班额远大于平均班额", _CLASSES),
        "teachers.ratio": ("生师比不可信", _TEACHERS),
        "teachers.same_in_both_stages": ("小学和初中的教师数完全相同", _TEACHERS),
        "arts.none": ("规模较大的学校没有体育、艺术教师", _TEACHERS),
        "arts.most_of_teachers": ("体育、艺术教师超过专任教师的一半", _TEACHERS),
        "areas.teaching": ("生均教学及辅助用房面积不可信", _BUILDINGS),
        "areas.sports_ground": ("生均运动场地面积不可信", _CONDITIONS),
        "multimedia.above_classes": ("网络多媒体教室数远多于班级数", _CONDITIONS),
        "rooms.size": ("专用教室面积不寻常", _MEASURED),
        "rooms.above_classes": ("专用教室间数超过班级数", _MEASURED),
        "rooms.above_teaching_area": ("专用教室面积合计超过教学及辅助用房面积", _BUILDINGS),
        "built_year.future": ("建成年份在本学年以后", "学校基建档案"),
        "funds.per_pupil": ("生均公用经费不可信", _BUDGET),
        "funds.final": ("公用经费决算与预算相差过半", _BUDGET),
        "funds.allocated": ("公用经费拨付与预算相差过半", _BUDGET),
        "funds.below_norm": ("公用经费拨付低于本县规定的定额", "县级数据 C09、C10；标准：政府保障程度第 2 项"),
        "retention.cohort": ("毕业班学生数与初中规模不符", "教基3115"),
        "retention.transfers": ("三年转入或转出学生过半", "学籍系统"),
    },
    "县级数据与学校数据": {
        "sums.migrant": ("随迁子女数与各校合计不一致", "标准：政府保障程度第 15 项"),
        "sums.migrant_enrolled": ("就读的随迁子女数超过各校合计", "标准：政府保障程度第 15 项"),
        "sums.exchange_teachers": ("符合交流条件教师数超过各校专任教师合计", "标准：政府保障程度第 11 项"),
        "sums.exchanged_backbone": ("交流的骨干教师数超过各校骨干教师合计", "标准：政府保障程度第 11 项"),
        "sums.population": ("在校生数与人口总数不相称", "县级数据 C01"),
        "sums.disabled": ("适龄残疾儿童少年数与在校生数不相称", "标准：教育质量第 2 项"),
        "sums.special_pupils": ("特殊教育学生数少于特殊教育学校就读数", "标准：政府保障程度第 7 项"),
        "sums.quota": ("优质高中招生名额远多于初中毕业生", "标准：政府保障程度第 14 项"),
        "county.certified_future": ("基本均衡认定年份在本学年以后", "标准：申请条件第 1 项"),
    },
    "学校名录": {
        "register.type": ("办学类型与名录不一致", _REGISTER),
        "register.sponsor": ("举办者类型与名录不一致", _REGISTER),
        "register.urban_rural": ("城乡类型与名录不一致", _REGISTER),
        "register.missing": ("名录中的学校没有填报", _REGISTER),
        "register.unknown": ("填报的学校不在名录中", _REGISTER),
        "register.elsewhere": ("填报的学校在名录中属于另一个县", _REGISTER),
        "register.closed": ("填报的学校在名录中已停办", _REGISTER),
    },
    "与上年比较": {
        "last_year.pupils": ("在校生数与上年相差超过 30%", _YEARS + _PUPILS),
        "last_year.senior_pupils": ("高中在校生数与上年相差超过 30%", _YEARS + "教基3116"),
        "last_year.classes": ("班级数与上年相差超过 30%", _YEARS + _CLASSES),
        "last_year.teachers": ("专任教师数与上年相差超过 30%", _YEARS + _TEACHERS),
        "last_year.degrees": ("高于规定学历教师数与上年相差超过 30%", _YEARS + _TEACHERS),
        "last_year.backbone": ("骨干教师数与上年相差超过 30%", _YEARS + "教基1102续"),
        "last_year.sports_and_arts": ("体育、艺术教师数与上年相差超过 30%", _YEARS + _TEACHERS),
        "last_year.teaching_area": ("教学及辅助用房面积与上年相差超过 30%", _YEARS + _BUILDINGS),
        "last_year.sports_area": ("运动场馆面积与上年相差超过 30%", _YEARS + _CONDITIONS),
        "last_year.equipment": ("教学仪器设备资产值与上年相差超过 30%", _YEARS + _CONDITIONS),
        "last_year.multimedia": ("网络多媒体教室数与上年相差超过 30%", _YEARS + _CONDITIONS),
        "last_year.trend": ("学生和教师一增一减", _YEARS + _TEACHERS),
        "last_year.unchanged": ("各项数据与上年完全相同", _YEARS + _SHEETS),
        "last_year.county_figure": ("县级数据与上年相差超过 30%", _YEARS + _COUNTY),
        "last_year.county_pupils": ("全县在校生数与上年相差超过 15%", _YEARS + _PUPILS),
    },
    "与同类学校比较": {
        "peers.pupils_per_teacher": ("生师比远离同类学校", _PEERS + _TEACHERS),
        "peers.class_size": ("平均班额远离同类学校", _PEERS + _CLASSES),
        "peers.teaching_area": ("生均教学及辅助用房面积远离同类学校", _PEERS + _BUILDINGS),
        "peers.sports_area": ("生均运动场馆面积远离同类学校", _PEERS + _CONDITIONS),
        "peers.equipment": ("生均教学仪器设备值远离同类学校", _PEERS + _CONDITIONS),
        "peers.multimedia": ("每百名学生网络多媒体教室数远离同类学校", _PEERS + _CONDITIONS),
        "peers.funds": ("生均公用经费预算远离同类学校", _PEERS + _BUDGET),
    },
    "与限值比较": {
        "limit.heaped": ("许多学校的指标值刚好超过限值", "标准：资源配置；一票否决第 5 项"),
    },
}

_CONTEXT_WARNINGS: dict[str, _Rows] = {
    "一所学校": {
        "school.name_against_type": ("学校名称与办学类型不符", "教基1001"),
        "point.large": ("教学点规模很大", "教基1001"),
        "classes.fewer_than_grades": ("班级数少于年级数", _CLASSES),
        "teachers.few_degrees": ("有学历登记的教师不到专任教师的一半", _TEACHERS),
        "arts.counted_twice": ("艺术教师可能与音乐、美术教师重复", _TEACHERS),
        "arts.shared_without_need": ("不适用特殊规定的学校填了体艺走教教师", "督导评估规程（2019）特殊规定"),
    },
    "县级数据与学校数据": {
        "sums.special_without_school": ("有特殊教育学校就读数，但没有特殊教育学校", "县级数据 C26"),
    },
    "学校名录": {
        "register.name": ("学校名称与名录不一致", _REGISTER),
    },
    "与上年比较": {
        "last_year.built_year": ("建成年份与上年不同", _YEARS + "学校基建档案"),
        "last_year.not_reported": ("上年填报的学校今年没有填报", _YEARS + _SHEETS),
    },
}


def _rules() -> Iterator[Rule]:
    for severity, groups, needs_context in (
        (Severity.ERROR, _ERRORS, False),
        (Severity.EXPLAIN, _TO_EXPLAIN, False),
        (Severity.WARNING, _WARNINGS, False),
        (Severity.EXPLAIN, _CONTEXT_TO_EXPLAIN, True),
        (Severity.WARNING, _CONTEXT_WARNINGS, True),
    ):
        for group, rows in groups.items():
            for code, (title, rests_on) in rows.items():
                yield Rule(code, severity, title, rests_on, group, needs_context)


RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for rule in _rules()})
#: The groups in the order a page lists them.
RULE_GROUPS: tuple[str, ...] = (
    FILE_GROUP, "工作簿", "学校标识码", "单元格", "一所学校", "学校之间", "县级数据", "县级数据与学校数据",
    "学校名录", "与上年比较", "与同类学校比较", "与限值比较",
)  # fmt: skip
