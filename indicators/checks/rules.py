"""Every rule that can speak about a workbook: its stable code, how much it weighs, and its title. Pure.

A page lists this table, a test holds that nothing outside it is ever said, and a stored problem names
its rule by the code: a code is never renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from indicators.problem import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """``title`` says in Chinese what is wrong where the rule speaks."""

    code: str
    severity: Severity
    title: str

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


_ERRORS = {
    # The workbook as a whole
    "template.old": "模板版本过旧",
    "template.unknown": "模板版本无法识别",
    "sheet.missing": "缺少工作表「学校数据」",
    "sheet.no_header": "工作表中找不到表头行",
    "sheet.no_school": "没有填写任何学校",
    # Header row
    "header.missing": "缺少一列",
    "header.unit": "表头的单位与模板不一致",
    "header.twice": "同一表头出现两次",
    # 学校标识码
    "code.missing": "学校标识码未填写",
    "code.leading_zero": "学校标识码开头的 0 丢失",
    "code.scientific": "学校标识码变成了科学计数法",
    "code.characters": "学校标识码夹有空格、全角数字或其他字符",
    "code.not_ten_digits": "学校标识码不是 10 位数字",
    "code.twice": "学校标识码重复",
    # Single cells
    "cell.missing": "必填项未填写",
    "cell.error_value": "单元格是错误值",
    "cell.formula_without_value": "公式没有计算结果",
    "cell.date": "单元格是日期",
    "cell.boolean": "单元格是逻辑值",
    "cell.placeholder": "用符号或文字代替数字",
    "cell.text_number": "数字存成了文本",
    "cell.text": "应填数字的单元格是文字",
    "cell.not_text": "应填文字的单元格是数字",
    "cell.too_long": "文字过长",
    "cell.negative": "数字为负",
    "cell.fraction": "应为整数",
    "cell.too_large": "数字大得不可信",
    "cell.year": "不是有效的年份",
    "cell.choice": "不在可选范围内",
    "cell.grade": "不是有效的监测等级",
    "cell.rooms": "专用教室面积的写法有误",
    # One school
    "school.no_figures": "该校各项数据均未填写",
    "pupils.in_zone": "片区内在校生数超过在校生数",
    "pupils.migrant": "随迁子女在校生数超过在校生总数",
    "classes.none": "有学生但没有班级",
    "classes.largest_above_pupils": "最大班额超过在校生数",
    "classes.too_small_for_pupils": "班级数乘以最大班额小于在校生数",
    "classes.over_limit_above_classes": "超班额班级数超过班级数",
    "classes.over_limit_without_large_class": "有超班额班级，但最大班额未超",
    "classes.large_class_not_counted": "最大班额已超，但超班额班级数为 0",
    "teachers.degrees": "各学历教师数合计超过专任教师数",
    "teachers.backbone": "骨干教师数超过专任教师数",
    "teachers.sports_and_arts": "体育、艺术专任教师数合计超过专任教师数",
    "teachers.certified": "持教师资格证的专任教师数超过专任教师数",
    "teachers.trained": "培训满 360 学时的专任教师数超过专任教师数",
    "areas.indoor_sports": "室内体育用房面积超过教学及辅助用房面积",
    "funds.training": "教师培训经费预算超过公用经费预算总额",
    "retention.deceased": "三年死亡学生数超过三年前入学学生数",
    # 县级数据
    "county.sheet_missing": "缺少工作表「县级数据」",
    "county.code_twice": "县级数据的代码重复",
    "county.row_missing": "县级数据缺少一行",
    "county.agricultural": "农业人口数超过人口总数",
    "county.rotation": "交流轮岗教师数超过符合条件教师数",
    "county.rotation_backbone": "交流的骨干教师数超过交流轮岗教师数",
    "county.quota": "分配名额超过招生名额总数",
    "county.quota_rural": "农村学校名额超过分配名额",
    "county.migrant": "就读的随迁子女数超过符合条件的随迁子女数",
    "county.disabled_enrolled": "入学数超过适龄残疾儿童少年数",
    "county.disabled_special": "特殊教育学校就读数超过入学数",
    "county.difference": "校际差异率大于 1",
}

_TO_EXPLAIN = {
    "stage.not_reported": "一贯制学校有一个学段没有填报",
    "stage.no_pupils": "应有的学段没有学生",
    "stage.not_run": "办学类型不含该学段，却填了学生",
    "grades.unusual": "年级数不寻常",
    "teachers.none": "有学生但没有专任教师",
    "money.looks_like_yuan": "金额像是按元填写",
    "retention.above_all": "巩固率超过 100%",
    "school.same_figures": "两所学校的数据完全相同",
}

_WARNING = {
    "template.none": "工作簿没有模板版本",
    "header.spelling": "表头写法与模板略有不同",
    "header.unknown": "多余的列，不使用",
    "row.total": "合计行，不使用",
    "code.number": "学校标识码存成了数字",
    "code.outer_space": "学校标识码前后有空格",
    "cell.decimals": "小数位数多于要求",
    "cell.rounded": "小数超过 6 位，已四舍五入",
    "cell.missing_for_relaxation": "只影响特殊规定的栏未填写",
    "stage.figures_without_pupils": "没有学生的学段填了数据",
    "teachers.certified_with_senior": "持教师资格证的教师数超过小学和初中专任教师数",
    "teachers.trained_with_senior": "培训满 360 学时的教师数超过小学和初中专任教师数",
    "school.name_twice": "学校名称重复",
    "county.not_in_csv": "CSV 文件不含县级数据",
    "county.code_unknown": "县级数据中不认识的代码，不使用",
    "county.monitoring_pending": "质量监测结果待国家提供",
}

_TITLES = {Severity.ERROR: _ERRORS, Severity.EXPLAIN: _TO_EXPLAIN, Severity.WARNING: _WARNING}

RULES: Mapping[str, Rule] = MappingProxyType(
    {code: Rule(code, severity, title) for severity, titles in _TITLES.items() for code, title in titles.items()}
)
