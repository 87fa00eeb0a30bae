"""Every field of the county workbook: one list that the template, the reader, the checks, the model
columns and the help texts are all made from. Pure.

Headers are a contract with the counties' own exports (forms A): to change one is to publish a new
template version.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from schools.vocabulary import WORKBOOK_SCHOOL_TYPES, SponsorType, Stage, UrbanRural

TEMPLATE_VERSION = "2025.1"
#: Name of the custom document property that carries the version of the template.
TEMPLATE_VERSION_PROPERTY = "模板版本"

GUIDE_SHEET = "填报说明"
SCHOOL_SHEET = "学校数据"
COUNTY_SHEET = "县级数据"
OPTION_SHEET = "选项"
COUNTY_COLUMNS = ("代码", "项目", "数值", "单位")

#: Decimal places every decimal figure is kept with; columns of the kernel are integers in this unit.
DECIMAL_PLACES = 6
DECIMAL_SCALE = 10**DECIMAL_PLACES


class Kind(StrEnum):
    """What a cell may hold."""

    CODE = "code"  # 学校标识码, ten digits kept as text
    TEXT = "text"
    CHOICE = "choice"
    YES_NO = "yes_no"
    YEAR = "year"
    COUNT = "count"  # whole number
    AREA = "area"  # ㎡, two decimals asked for
    MONEY = "money"  # 万元, up to six decimals; county figures in 元 too
    DECIMAL = "decimal"
    ROOMS = "rooms"  # one area per room, separated by ; or ；
    GRADE = "grade"  # Ⅰ to Ⅴ

    @property
    def is_number(self) -> bool:
        return self in (Kind.YEAR, Kind.COUNT, Kind.AREA, Kind.MONEY, Kind.DECIMAL)

    @property
    def is_scaled(self) -> bool:
        """Kept as an integer of millionths in the kernel's columns."""
        return self in (Kind.AREA, Kind.MONEY, Kind.DECIMAL)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of 「学校数据」. ``stage`` is set where the figure belongs to one stage alone;
    ``places`` is the number of decimals the form asks for; ``greatest`` the largest credible value; ``is_extra``
    marks a column a workbook may do without."""

    key: str
    header: str
    kind: Kind
    group: str
    unit: str = ""
    source: str = ""
    help: str = ""
    stage: Stage | None = None
    places: int = 0
    greatest: int = 0
    choices: tuple[str, ...] = ()
    is_extra: bool = False


@dataclass(frozen=True, slots=True)
class CountyItem:
    """One row of 「县级数据」, matched by its code."""

    code: str
    name: str
    kind: Kind
    unit: str = ""
    help: str = ""
    places: int = 0
    greatest: int = 0


# Largest values that can be true, far above any real school; beyond them a cell is a slip of the keyboard.
_PEOPLE = 50_000
_SQUARE_METRES = 10_000_000
_WAN_YUAN = 10_000_000

_BASIC = "基本信息"
_PUPILS = "学生与班级"
_TEACHERS = "教师"
_CONDITIONS = "办学条件"
_FUNDS = "经费（上年度）"
_RETENTION = "初中巩固率"
GROUPS = (_BASIC, _PUPILS, _TEACHERS, _CONDITIONS, _FUNDS, _RETENTION)
EXTRA_GROUP = "补充数据（可不填）"

_P, _J = Stage.PRIMARY, Stage.JUNIOR


def _count(key: str, header: str, group: str, source: str, help_text: str, stage: Stage | None = None) -> Field:
    unit = "班" if "班级数" in header else "个" if "年级数" in header else "间" if "教室" in header else "人"
    return Field(key, header, Kind.COUNT, group, unit, source, help_text, stage, 0, _PEOPLE)


def _area(key: str, header: str, source: str, help_text: str) -> Field:
    return Field(key, header, Kind.AREA, _CONDITIONS, "㎡", source, help_text, None, 2, _SQUARE_METRES)


def _money(key: str, header: str, group: str, source: str, help_text: str) -> Field:
    return Field(key, header, Kind.MONEY, group, "万元", source, help_text, None, 6, _WAN_YUAN)


def _teacher(stage: Stage, subject: str, header: str, help_text: str, source: str = "教基4155/4156") -> Field:
    prefix = "primary" if stage is _P else "junior"
    return _count(f"{prefix}_{subject}_teachers", f"{stage.label}{header}", _TEACHERS, source, help_text, stage)


_OWN = "只填本学段在编、在岗的专任教师，一贯制学校和完全中学各学段分别填写，不得重复计算。没有的填 0。"

FIELDS: tuple[Field, ...] = (
    Field("code", "学校标识码", Kind.CODE, _BASIC, "", "学校（机构）代码库", "10 位数字，按文本填写，保留开头的 0。"),
    Field("name", "学校名称", Kind.TEXT, _BASIC, "", "学校（机构）代码库", "与公章一致的全称。"),
    Field(
        "school_type", "办学类型", Kind.CHOICE, _BASIC, "", "教基1001",
        "从下拉列表选择。教学点填“小学教学点”；职业学校不填报。",
        choices=tuple(t.label for t in WORKBOOK_SCHOOL_TYPES),
    ),
    Field(
        "sponsor_type", "举办者类型", Kind.CHOICE, _BASIC, "", "教基1001",
        "从下拉列表选择；也可只填代码 1 至 10。", choices=tuple(s.choice for s in SponsorType),
    ),
    Field(
        "urban_rural", "城乡类型", Kind.CHOICE, _BASIC, "", "教基1001",
        "按国家统计局城乡划分代码：城区、镇区、乡村。", choices=tuple(u.label for u in UrbanRural),
    ),
    Field("is_boarding", "是否寄宿制", Kind.YES_NO, _BASIC, "", "教基1001", "是或否。寄宿制学校不计入就近划片入学比例。", choices=("是", "否")),
    Field("built_year", "建成年份", Kind.YEAR, _BASIC, "年", "学校基建档案", "主要教学用房建成投入使用的年份，四位数字。", greatest=2100),
    Field(
        "is_dense_central", "是否高密度中心城区", Kind.YES_NO, _BASIC, "", "省级认定文件",
        "是或否。仅用于运动场馆面积的特殊规定，须有认定文件。", choices=("是", "否"),
    ),
    _count("primary_enrollment", "小学在校生数", _PUPILS, "教基3112", "学年初（9 月 1 日）在校生数。没有小学部的学校留空。", _P),
    _count("junior_enrollment", "初中在校生数", _PUPILS, "教基3115", "学年初（9 月 1 日）在校生数。没有初中部的学校留空。", _J),
    _count("senior_enrollment", "高中在校生数", _PUPILS, "教基3116", "完全中学和十二年一贯制学校必填（用于分摊共用的校舍和设备），其他学校留空。"),
    _count("primary_grades", "小学年级数", _PUPILS, "教基2106", "实际设有的年级数。", _P),
    _count("junior_grades", "初中年级数", _PUPILS, "教基2107", "实际设有的年级数。", _J),
    _count("primary_classes", "小学班级数", _PUPILS, "教基2106", "学年初班级数。", _P),
    _count("junior_classes", "初中班级数", _PUPILS, "教基2107", "学年初班级数。", _J),
    _count("primary_largest_class", "小学最大班额", _PUPILS, "教基2106", "人数最多的班的学生数。", _P),
    _count("junior_largest_class", "初中最大班额", _PUPILS, "教基2107", "人数最多的班的学生数。", _J),
    _count("primary_classes_over_45", "小学超45人班级数", _PUPILS, "教基2106", "46 人及以上的班级数，没有的填 0。", _P),
    _count("junior_classes_over_50", "初中超50人班级数", _PUPILS, "教基2107", "51 人及以上的班级数，没有的填 0。", _J),
    _count("migrant_enrollment", "随迁子女在校生数", _PUPILS, "教基3112/3115", "小学和初中的进城务工人员随迁子女，没有的填 0。"),
    _count("primary_in_zone_enrollment", "小学片区内在校生数", _PUPILS, "招生入学档案", "按划片范围入学的小学生数，不超过小学在校生数。", _P),
    _count("junior_in_zone_enrollment", "初中片区内在校生数", _PUPILS, "招生入学档案", "按划片范围入学的初中生数，不超过初中在校生数。", _J),
    _teacher(_P, "full_time", "专任教师数", _OWN),
    _teacher(_J, "full_time", "专任教师数", _OWN),
    _teacher(_P, "associate", "专科教师数", "学历为专科的小学专任教师数。没有的填 0。"),
    _teacher(_P, "bachelor", "本科教师数", "学历为本科的小学专任教师数。没有的填 0。"),
    _teacher(_P, "master", "硕士教师数", "学历为硕士研究生的小学专任教师数。没有的填 0。"),
    _teacher(_P, "doctor", "博士教师数", "学历为博士研究生的小学专任教师数。没有的填 0。"),
    _teacher(_J, "bachelor", "本科教师数", "学历为本科的初中专任教师数。没有的填 0。"),
    _teacher(_J, "master", "硕士教师数", "学历为硕士研究生的初中专任教师数。没有的填 0。"),
    _teacher(_J, "doctor", "博士教师数", "学历为博士研究生的初中专任教师数。没有的填 0。"),
    _teacher(_P, "backbone", "县级以上骨干教师数", "县级及以上教育部门认定的骨干教师，同一人只计一次。没有的填 0。", "教基1102续"),
    _teacher(_J, "backbone", "县级以上骨干教师数", "县级及以上教育部门认定的骨干教师，同一人只计一次。没有的填 0。", "教基1102续"),
    _teacher(_P, "pe", "体育专任教师数", "教授体育的专任教师。没有的填 0。"),
    _teacher(_P, "music", "音乐专任教师数", "教授音乐的专任教师。没有的填 0。"),
    _teacher(_P, "fine_art", "美术专任教师数", "教授美术的专任教师。没有的填 0。"),
    _teacher(_P, "arts", "艺术专任教师数", "教授艺术（综合）的专任教师，不与音乐、美术重复。没有的填 0。"),
    _teacher(_J, "pe", "体育专任教师数", "教授体育的专任教师。没有的填 0。"),
    _teacher(_J, "music", "音乐专任教师数", "教授音乐的专任教师。没有的填 0。"),
    _teacher(_J, "fine_art", "美术专任教师数", "教授美术的专任教师。没有的填 0。"),
    _teacher(_J, "arts", "艺术专任教师数", "教授艺术（综合）的专任教师，不与音乐、美术重复。没有的填 0。"),
    _teacher(_P, "shared_arts", "体艺交流兼职走教教师数", "交流、兼职、走教的体育艺术教师，仅用于 50–99 人农村小规模学校的特殊规定。没有的填 0。", "教师交流档案"),
    _teacher(_J, "shared_arts", "体艺交流兼职走教教师数", "交流、兼职、走教的体育艺术教师，仅用于 50–99 人农村小规模学校的特殊规定。没有的填 0。", "教师交流档案"),
    _count("certified_teachers", "持教师资格证专任教师数", _TEACHERS, "教师管理信息系统", "小学和初中专任教师中持有教师资格证的人数。"),
    _count("trained_teachers", "五年满360学时专任教师数", _TEACHERS, "教师培训学分档案", "小学和初中专任教师中五年内培训满 360 学时的人数。"),
    _area("teaching_area", "教学及辅助用房面积(㎡)", "教基5170", "含室内体育用房，按统计报表口径填写，系统计算时先扣除室内体育用房。"),
    _area("indoor_sports_area", "室内体育用房面积(㎡)", "教基5170", "包含在教学及辅助用房面积内的体育馆、风雨操场等。没有的填 0。"),
    _area("sports_ground_area", "运动场地面积(㎡)", "教基5176", "室外运动场地面积。没有的填 0。"),
    _area("other_sports_area", "校内其他专用运动场地面积(㎡)", "现场测量", "校园内改造出的专用运动空间，仅用于高密度中心城区学校的特殊规定。没有的填 0。"),
    _area("rented_sports_area", "校外租借体育场馆面积(㎡)", "租借协议", "步行十分钟以内长期租借的体育场馆，仅用于高密度中心城区学校的特殊规定。没有的填 0。"),
    _money("equipment_value", "教学仪器设备资产值(万元)", _CONDITIONS, "教基5176", "单位是万元，不是元。"),
    _count("multimedia_rooms", "网络多媒体教室数", _CONDITIONS, "教基5176", "接入网络、能开展多媒体教学的教室。没有的填 0。"),
    Field(
        "music_room_areas", "音乐专用教室面积(㎡)", Kind.ROOMS, _CONDITIONS, "㎡", "现场测量",
        "每间一个数，用分号隔开，例如 96;98.5。没有音乐专用教室的留空。", None, 2, 100_000,
    ),
    Field(
        "art_room_areas", "美术专用教室面积(㎡)", Kind.ROOMS, _CONDITIONS, "㎡", "现场测量",
        "每间一个数，用分号隔开，例如 90;92。没有美术专用教室的留空。", None, 2, 100_000,
    ),
    _money("funds_budget", "公用经费预算总额(万元)", _FUNDS, "部门预算批复", "上年度公用经费预算总额，单位是万元。"),
    _money("funds_final", "公用经费决算总额(万元)", _FUNDS, "部门决算", "上年度公用经费决算总额，单位是万元。"),
    _money("training_budget", "教师培训经费预算(万元)", _FUNDS, "部门预算批复", "上年度教师培训经费预算，单位是万元。"),
    _money("funds_allocated", "公用经费拨付总额(万元)", _FUNDS, "财政拨款凭证", "上年度实际拨付的公用经费，单位是万元。"),
    _count("graduates", "毕业班学生数", _RETENTION, "教基3115", "本届初中毕业班学生数。没有毕业班的填 0。", _J),
    _count("entrants_three_years_ago", "三年前入学学生数", _RETENTION, "三年前教基3115", "三年前的初一在校生数。", _J),
    _count("transferred_in", "三年转入学生数", _RETENTION, "学籍系统", "这一届三年内转入的学生数。没有的填 0。", _J),
    _count("transferred_out", "三年转出学生数", _RETENTION, "学籍系统", "这一届三年内转出的学生数。没有的填 0。", _J),
    _count("deceased", "三年死亡学生数", _RETENTION, "学籍系统", "这一届三年内死亡的学生数。没有的填 0。", _J),
)  # fmt: skip


def _extra(key: str, header: str, unit: str, source: str, help_text: str, stage: Stage | None, greatest: int) -> Field:
    return Field(key, header, Kind.COUNT, EXTRA_GROUP, unit, source, help_text, stage, 0, greatest, is_extra=True)


_FOR_2012 = "只用于核算 2012 年基本均衡差异系数，可不填；不填的，该项无法核算。"
_FOR_TABLE_1 = "只用于申报表表Ⅰ，可不填。"

#: Columns a workbook may have beyond the form, at its right end: no figure of the 2017 measure rests on them.
EXTRA_FIELDS: tuple[Field, ...] = (
    _extra("primary_staff", "小学教职工数", "人", "教师年度统计", _FOR_TABLE_1, _P, _PEOPLE),
    _extra("junior_staff", "初中教职工数", "人", "教师年度统计", _FOR_TABLE_1, _J, _PEOPLE),
    _extra("primary_titled_teachers", "小学中级及以上职称教师数", "人", "教基4155/4156", _FOR_2012, _P, _PEOPLE),
    _extra("junior_titled_teachers", "初中中级及以上职称教师数", "人", "教基4155/4156", _FOR_2012, _J, _PEOPLE),
    _extra("computers", "计算机台数", "台", "教基5176", _FOR_2012, None, _PEOPLE),
    _extra("books", "图书册数", "册", "教基5176", _FOR_2012, None, _SQUARE_METRES),
)
ALL_FIELDS: tuple[Field, ...] = (*FIELDS, *EXTRA_FIELDS)

FIELD_BY_KEY = MappingProxyType({field.key: field for field in ALL_FIELDS})
FIELD_BY_HEADER = MappingProxyType({field.header: field for field in ALL_FIELDS})
#: Fields that belong to one stage: a school without that stage leaves all of them empty.
STAGE_FIELDS = MappingProxyType({stage: tuple(f for f in FIELDS if f.stage is stage) for stage in Stage})


def _county(
    code: str, name: str, kind: Kind, unit: str, help_text: str, places: int = 0, greatest: int = 0
) -> CountyItem:
    return CountyItem(code, name, kind, unit, help_text, places, greatest or 10_000_000)


_SUBJECTS = ("语文", "数学", "科学", "体育", "艺术", "德育")
_YUAN_HELP = "单位是元，可保留两位小数。"

COUNTY_ITEMS: tuple[CountyItem, ...] = (
    _county("C01", "人口总数", Kind.DECIMAL, "万人", "常住人口，两位小数。", 2, 10_000),
    _county("C02", "农业人口数", Kind.DECIMAL, "万人", "两位小数，不超过人口总数。", 2, 10_000),
    _county("C03", "乡镇数", Kind.COUNT, "个", "含街道。"),
    _county("C04", "行政村数", Kind.COUNT, "个", "含社区。"),
    _county("C05", "年人均国内生产总值", Kind.MONEY, "元", _YUAN_HELP, 2),
    _county("C06", "年人均地方财政收入", Kind.MONEY, "元", _YUAN_HELP, 2),
    _county("C07", "农民年人均纯收入", Kind.MONEY, "元", _YUAN_HELP, 2),
    _county("C08", "城镇居民年人均可支配收入", Kind.MONEY, "元", _YUAN_HELP, 2),
    _county("C09", "规定的小学生均公用经费标准", Kind.MONEY, "元", "本县执行的年生均定额。" + _YUAN_HELP, 2),
    _county("C10", "规定的初中生均公用经费标准", Kind.MONEY, "元", "本县执行的年生均定额。" + _YUAN_HELP, 2),
    _county("C11", "特殊教育学校公用经费", Kind.MONEY, "万元", "上年度特殊教育学校公用经费总额，单位是万元。", 6),
    _county("C12", "特殊教育学生数", Kind.COUNT, "人", "享受特殊教育公用经费标准的学生数。"),
    _county("C13", "义务教育教师年平均工资收入", Kind.MONEY, "元", "上年度。" + _YUAN_HELP, 2),
    _county("C14", "当地公务员年平均工资收入", Kind.MONEY, "元", "上年度。" + _YUAN_HELP, 2),
    _county("C15", "符合交流条件教师数", Kind.COUNT, "人", "上一年度。"),
    _county("C16", "上一年度交流轮岗教师数", Kind.COUNT, "人", "上一年度实际交流轮岗的教师。"),
    _county("C17", "其中骨干教师数", Kind.COUNT, "人", "交流轮岗教师中的骨干教师。"),
    _county("C18", "优质高中招生名额总数", Kind.COUNT, "人", "当年计划。"),
    _county("C19", "分配名额", Kind.COUNT, "人", "分配到初中学校的名额。"),
    _county("C20", "其中农村学校名额", Kind.COUNT, "人", "分配名额中给农村初中的名额。"),
    _county("C21", "符合条件的随迁子女数", Kind.COUNT, "人", "义务教育阶段。"),
    _county("C22", "公办学校就读", Kind.COUNT, "人", "其中在公办学校就读的。"),
    _county("C23", "政府购买服务的民办学校就读", Kind.COUNT, "人", "其中在政府购买服务的民办学校就读的。"),
    _county("C24", "适龄残疾儿童少年数", Kind.COUNT, "人", "义务教育适龄。"),
    _county("C25", "入学数", Kind.COUNT, "人", "其中已入学的。"),
    _county("C26", "其中特殊教育学校就读", Kind.COUNT, "人", "入学数中在特殊教育学校就读的。"),
    *(
        _county(f"C{27 + i}", f"质量监测等级：{subject}", Kind.GRADE, "Ⅰ–Ⅴ", "国家义务教育质量监测结果，没有结果的留空。", 0, 5)
        for i, subject in enumerate(_SUBJECTS)
    ),
    *(
        _county(f"C{33 + i}", f"校际差异率：{subject}", Kind.DECIMAL, "", "国家义务教育质量监测结果，小数（0.12 表示 12%）。", 6, 10)
        for i, subject in enumerate(_SUBJECTS)
    ),
    _county("C39", "基本均衡认定年份", Kind.YEAR, "年", "国家认定义务教育发展基本均衡县的年份，四位数字。", 0, 2100),
)  # fmt: skip

COUNTY_ITEM_BY_CODE = MappingProxyType({item.code: item for item in COUNTY_ITEMS})
GRADES = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ")
