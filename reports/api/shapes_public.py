"""What the open answers look like."""

from __future__ import annotations

from rest_framework import serializers

from evaluation.core.waterfall import PARTS
from evaluation.event_words import kind_label
from evaluation.published import PUBLIC_STEPS
from reports.api.filters import COUNTY_STATES, RESULT_STATUSES
from reports.api.shapes import (
    CountyNameSerializer,
    GroupField,
    PlaceSerializer,
    SchoolRowSerializer,
    Shape,
    StageField,
    StandardNameSerializer,
    VerdictSerializer,
    day,
    link,
    moment,
    number,
    open_number,
    text,
    texts,
    whole,
    yes,
)


class IndexSerializer(Shape):
    """Where everything is."""

    name = text("接口名称。")
    version = text("版本。")
    guide = link("接口说明（网页）。")
    document = link("OpenAPI 文档。")
    provinces = link("各省。")
    counties = link("各县。")
    results = link("公布的结果。")
    corrections = link("公布后的更正、取代和撤销。")
    notices = link("正在公示。")
    standards = link("评估标准。")
    submissions = link("填报版本（须带令牌）。")


class ProvinceSerializer(PlaceSerializer):
    """A province with its counts."""

    counties = whole("县级单位数。")
    certified = whole("最近一次结果现在有效的县数。")
    in_notice = whole("正在公示的县数。")
    revoked = whole("最近一次结果已撤销或被取代的县数。")


class ResultRefSerializer(Shape):
    """A published result by its code."""

    code = text("结果的查询编号。")
    school_year = whole("学年开始的年份：2026 即 2026—2027 学年。")
    status = serializers.ChoiceField(choices=RESULT_STATUSES, help_text="现在的效力。")


class CountySerializer(CountyNameSerializer):
    """A county and where it stands."""

    province = PlaceSerializer(help_text="所在省。")
    city = PlaceSerializer(allow_null=True, help_text="所在市；省直管县为 null。")
    state = serializers.ChoiceField(choices=COUNTY_STATES, help_text="最近一次公布的结果现在的效力。")
    is_certified = yes("最近一次结果现在是否有效。")
    notice = whole("正在公示的编号，没有为 null。", allow_null=True)
    result = ResultRefSerializer(allow_null=True, help_text="最近一次公布的结果，没有为 null。")


class ResultSerializer(ResultRefSerializer):
    """A published result, in a list."""

    number = text("证书编号。")
    county = CountyNameSerializer(help_text="县。")
    province = PlaceSerializer(help_text="所在省。")
    standard = StandardNameSerializer(help_text="评估标准。")
    status_label = text("效力的文字。")
    issued_at = moment("颁发证书的时间。")
    record_sha256 = text("证书记录的 SHA-256。")
    url = link("固定地址（网页）。")


class CountyDetailSerializer(CountySerializer):
    """A county with every result it ever had."""

    results = ResultSerializer(many=True, help_text="公布过的每一个结果，新的在前。")


class StandingSerializer(Shape):
    """What a certificate is worth now."""

    key = serializers.ChoiceField(
        choices=[
            ("valid", "有效"),
            ("recheck", "复核中"),
            ("superseded", "已被取代"),
            ("revoked", "已撤销"),
            ("altered", "记录异常"),
        ],
        help_text="效力。",
    )
    label = text("效力的文字。")
    words = text("一句话。")
    since = moment("从什么时候起；一直有效为 null。", allow_null=True)
    reason = text("公开的理由。", allow_blank=True)
    successor = text("取代它的结果的查询编号，没有为 null。", allow_null=True)


class SchoolsSummarySerializer(Shape):
    """What a list of schools holds, and what it does not."""

    rows = whole("可以列出的行数，一校一学段一行。")
    hidden = whole("因在校生过少或没有标识码而不单独列出的学校数。")
    fewest_pupils = whole("在校生少于这个数的学校不单独列出，由省规定。")


class ResultDetailSerializer(ResultSerializer):
    """A published result with everything it says about the county."""

    standing = StandingSerializer(help_text="证书现在的效力。")
    is_newest = yes("是否本县最近一次公布的结果。")
    earlier = text("上一个学年的结果的查询编号，没有为 null。", allow_null=True)
    verdict = VerdictSerializer(help_text="结论。")
    schools = SchoolsSummarySerializer(help_text="学校明细的范围。")


class SchoolFactSerializer(Shape):
    """What a school is."""

    name = text("项目。")
    text = text("内容。", allow_blank=True)


class SchoolSerializer(Shape):
    """One school as it was published."""

    code = text("学校标识码。")
    name = text("学校名称。")
    facts = SchoolFactSerializer(many=True, help_text="办学类型等基本情况。")
    reason_excluded = text("不参与校际均衡计算的原因，参与的为空。", allow_blank=True)
    rows = SchoolRowSerializer(many=True, help_text="各学段。")


class PartSerializer(Shape):
    """One part of a change."""

    part = serializers.ChoiceField(choices=list(PARTS.items()), help_text="原因，按固定的顺序。")
    name = text("原因的文字。")
    after = open_number("算上这个原因以后的数。")
    change = open_number("这个原因带来的增减。")


class ChangeSerializer(Shape):
    """One figure from a year to another."""

    stage = StageField()
    code = text("指标代码；综合差异系数为 null。", allow_null=True)
    name = text("名称。")
    before = open_number("上一个学年的数。")
    after = open_number("这个学年的数。")
    parts = PartSerializer(many=True, help_text="逐个原因，合起来就是全部变化。")


class ChangesSerializer(Shape):
    """What changed from the earlier result."""

    code = text("结果的查询编号。")
    earlier = text("与之相比的结果的查询编号。")
    school_year = whole("学年开始的年份。")
    earlier_school_year = whole("与之相比的学年开始的年份。")
    is_other_standard = yes("两个结果的标准是否不同。")
    closed = texts("不再有的学校。")
    closed_unnamed = whole("不再有的学校中，因在校生过少不列名的所数。")
    opened = texts("新增的学校。")
    opened_unnamed = whole("新增的学校中，因在校生过少不列名的所数。")
    is_joined = yes("学校增减是否并入在校生变化：有一个学段只有一所不列名的学校增减时合并，不单独列出。")
    lines = ChangeSerializer(many=True, help_text="逐个差异系数。")


class LikeSerializer(Shape):
    """A county beside another."""

    code = text("结果的查询编号。")
    county = CountyNameSerializer(help_text="县。")
    pupils = whole("义务教育在校生数，取整后的约数。")
    town_share = number("城区和镇区在校生的比例，0 到 1。")
    revenue = number("年人均地方财政收入，元。")
    distance = number("相差几步：在校生一倍、比例五分之一、收入一半各为一步；本县为 null。")


class SimilarSerializer(Shape):
    """A group of counties like each other."""

    own = LikeSerializer(help_text="本县。")
    like = LikeSerializer(many=True, help_text="情况相近的县，近的在前；不是排名。")


class CorrectionSerializer(Shape):
    """What happened to a result after its publication."""

    number = whole("留痕序号。")
    at = moment("时间。")
    kind = serializers.ChoiceField(choices=[(kind, kind_label(kind)) for kind in PUBLIC_STEPS], help_text="事项。")
    label = text("事项的文字。")
    county = CountyNameSerializer(help_text="县。")
    result = text("结果的查询编号。")
    reason = text("公开的理由。", allow_blank=True)


class NoticeSerializer(Shape):
    """A 公示."""

    id = whole("公示编号。")
    county = CountyNameSerializer(help_text="县。")
    province = PlaceSerializer(help_text="所在省。")
    school_year = whole("学年开始的年份。")
    standard = StandardNameSerializer(help_text="评估标准。")
    opens_on = day("公示开始。")
    last_day = day("公示最后一天（含）。")
    url = link("公示的网页，可以在那里提出异议。")


class ObjectionSerializer(Shape):
    """An objection as everybody may read it."""

    number = text("编号。")
    received_at = moment("收到的时间。")
    result = serializers.ChoiceField(
        choices=[("open", "处理中"), ("upheld", "异议成立"), ("dismissed", "异议不成立")], help_text="处理结果。"
    )
    answer = text("答复。", allow_blank=True)


class NoticeDetailSerializer(NoticeSerializer):
    """A 公示 with what it rests on."""

    standing = text("现在到了哪一步。")
    is_current = yes("评估是否仍以这次公示为准；已终止的不再显示数据。")
    sentence = text("公示内容，一句话；已终止的为空。", allow_blank=True)
    verdict = VerdictSerializer(allow_null=True, help_text="结论；已终止的为 null。")
    objections = ObjectionSerializer(many=True, help_text="收到的异议，不含内容和异议人。")


class StandardSerializer(StandardNameSerializer):
    """A loaded standard."""

    sha256 = text("标准文件的 SHA-256。")
    document = link("标准文件（TOML），与散列值逐字节相符。")
    url = link("标准的网页。")


class LimitSerializer(Shape):
    """A limit of one stage."""

    stage = StageField()
    limit = serializers.FloatField(help_text="限值；没有逐校要求为 null。", allow_null=True)


class IndicatorSerializer(Shape):
    """One indicator of a standard."""

    code = text("指标代码。")
    name = text("指标名称。")
    short_name = text("简称。")
    unit = text("单位。")
    article = text("条款。")
    limits = LimitSerializer(many=True, help_text="每所学校要求不低于。")


class StandardItemSerializer(Shape):
    """One item of a standard."""

    code = text("项目代码。")
    group = GroupField()
    group_name = text("所属方面的名称。")
    name = text("项目名称。")
    requirement = text("要求。")
    article = text("条款。")


class StandardDetailSerializer(StandardSerializer):
    """A standard with its limits."""

    short_name = text("简称。")
    issued_by = text("发文字号。")
    issued_on = day("发文日期。")
    extends = text("在哪个标准上从严，没有为 null。", allow_null=True)
    school_rule = text("逐校要求，没有为空。", allow_blank=True)
    decides_by_composite = yes("是否由综合差异系数决定。")
    coefficient_limits = LimitSerializer(many=True, help_text="差异系数的上限。")
    indicators = IndicatorSerializer(many=True, help_text="资源配置指标。")
    criteria = StandardItemSerializer(many=True, help_text="逐项要求。")
