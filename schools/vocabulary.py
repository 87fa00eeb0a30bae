"""Code lists of the field, pure: every room above reads its words from here.

Values are stored and never renamed; labels are what the forms print.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Stage(StrEnum):
    """学段: the level a school-stage row is judged at. The senior stage is never judged."""

    PRIMARY = "PRIMARY"
    JUNIOR = "JUNIOR"

    @property
    def label(self) -> str:
        return {"PRIMARY": "小学", "JUNIOR": "初中"}[self.value]


class SchoolType(StrEnum):
    """办学类型, as the workbook's drop-down lists them."""

    PRIMARY_SCHOOL = "primary_school"
    TEACHING_POINT = "teaching_point"
    JUNIOR_SCHOOL = "junior_school"
    NINE_YEAR = "nine_year"
    TWELVE_YEAR = "twelve_year"
    COMPLETE_MIDDLE = "complete_middle"
    SPECIAL = "special"
    VOCATIONAL = "vocational"

    @property
    def label(self) -> str:
        return SCHOOL_TYPE_LABELS[self]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The compulsory stages a school of this type runs; it must report pupils for each."""
        return _STAGES[self]

    @property
    def has_senior_stage(self) -> bool:
        return self in (SchoolType.TWELVE_YEAR, SchoolType.COMPLETE_MIDDLE)

    @property
    def is_continuous(self) -> bool:
        """一贯制: one school for both compulsory stages, with a size limit of its own (G4)."""
        return self in (SchoolType.NINE_YEAR, SchoolType.TWELVE_YEAR)


SCHOOL_TYPE_LABELS: dict[SchoolType, str] = {
    SchoolType.PRIMARY_SCHOOL: "小学",
    SchoolType.TEACHING_POINT: "小学教学点",
    SchoolType.JUNIOR_SCHOOL: "初级中学",
    SchoolType.NINE_YEAR: "九年一贯制学校",
    SchoolType.TWELVE_YEAR: "十二年一贯制学校",
    SchoolType.COMPLETE_MIDDLE: "完全中学",
    SchoolType.SPECIAL: "特殊教育学校",
    SchoolType.VOCATIONAL: "职业学校",
}

_STAGES: dict[SchoolType, tuple[Stage, ...]] = {
    SchoolType.PRIMARY_SCHOOL: (Stage.PRIMARY,),
    SchoolType.TEACHING_POINT: (Stage.PRIMARY,),
    SchoolType.JUNIOR_SCHOOL: (Stage.JUNIOR,),
    SchoolType.NINE_YEAR: (Stage.PRIMARY, Stage.JUNIOR),
    SchoolType.TWELVE_YEAR: (Stage.PRIMARY, Stage.JUNIOR),
    SchoolType.COMPLETE_MIDDLE: (Stage.JUNIOR,),
    SchoolType.SPECIAL: (),
    SchoolType.VOCATIONAL: (),
}

# The drop-down of the form has seven types; 职业学校 is known to the reader (the standard names it
# as outside the population) but is not offered, since such a school is not to be filled in.
WORKBOOK_SCHOOL_TYPES: tuple[SchoolType, ...] = tuple(t for t in SchoolType if t is not SchoolType.VOCATIONAL)


class SponsorType(IntEnum):
    """举办者类型, with the official codes 1 to 10."""

    CENTRAL_EDUCATION = 1
    CENTRAL_OTHER = 2
    PROVINCE_EDUCATION = 3
    PROVINCE_OTHER = 4
    PREFECTURE_EDUCATION = 5
    PREFECTURE_OTHER = 6
    COUNTY_EDUCATION = 7
    COUNTY_OTHER = 8
    LOCAL_ENTERPRISE = 9
    PRIVATE = 10

    @property
    def label(self) -> str:
        return SPONSOR_TYPE_LABELS[self]

    @property
    def choice(self) -> str:
        """Code and label, as the drop-down shows it: 7 县级教育部门."""
        return f"{self.value} {self.label}"


SPONSOR_TYPE_LABELS: dict[SponsorType, str] = {
    SponsorType.CENTRAL_EDUCATION: "中央教育部门",
    SponsorType.CENTRAL_OTHER: "中央其他部门",
    SponsorType.PROVINCE_EDUCATION: "省级教育部门",
    SponsorType.PROVINCE_OTHER: "省级其他部门",
    SponsorType.PREFECTURE_EDUCATION: "地级教育部门",
    SponsorType.PREFECTURE_OTHER: "地级其他部门",
    SponsorType.COUNTY_EDUCATION: "县级教育部门",
    SponsorType.COUNTY_OTHER: "县级其他部门",
    SponsorType.LOCAL_ENTERPRISE: "地方企业",
    SponsorType.PRIVATE: "民办",
}


class UrbanRural(StrEnum):
    """城乡类型 of the place where the school stands."""

    URBAN = "urban"
    TOWN = "town"
    RURAL = "rural"

    @property
    def label(self) -> str:
        return {"urban": "城区", "town": "镇区", "rural": "乡村"}[self.value]


class DivisionLevel(StrEnum):
    """Level of a division; a county unit is what is evaluated."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"

    @property
    def label(self) -> str:
        return {"province": "省", "city": "市", "county": "县"}[self.value]


class Party(StrEnum):
    """Who somebody is in an evaluation: one person, one party, one place."""

    CLERK = "clerk"
    SIGNER = "signer"
    CITY_REVIEWER = "city_reviewer"
    INSPECTOR = "inspector"
    CHIEF = "chief"
    STEWARD = "steward"

    @property
    def label(self) -> str:
        return {
            "clerk": "填报员",
            "signer": "签报人",
            "city_reviewer": "市级复核",
            "inspector": "省级督学",
            "chief": "审定人",
            "steward": "管理员",
        }[self.value]

    @property
    def place_level(self) -> DivisionLevel:
        """The level of the place such a person belongs to."""
        if self in (Party.CLERK, Party.SIGNER):
            return DivisionLevel.COUNTY
        if self is Party.CITY_REVIEWER:
            return DivisionLevel.CITY
        return DivisionLevel.PROVINCE
