"""Tables of one published result: dimensions, coefficients, schools, items, history; of one of its schools; of counties
beside each other; of a county from a year to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils import timezone

from evaluation.models import Certificate
from evaluation.published import CERTIFIED_KINDS
from reports.presenters.compared import ChangeLine, CountyColumn, FigureRow
from reports.presenters.figures import Mark
from reports.presenters.group import GroupPage
from reports.presenters.notice import DimensionLine
from reports.presenters.open_tables.places import year_words
from reports.presenters.open_tables.shape import EMPTY, Cell, Column, Table, code_cell, columns, marked, numbers, texts
from reports.presenters.public import SchoolDistances
from reports.presenters.school import SchoolPage
from reports.presenters.verdict import StageView, VerdictPage
from reports.presenters.years import StageYears


def dimension_table(lines: Iterable[DimensionLine]) -> Table:
    """How the dimensions came out."""
    rows = tuple((Cell(line.name), Cell(line.words), marked(Mark(line.key, line.sign, line.label))) for line in lines)
    heads = (Column("方面"), *numbers("达标"), Column("结果"))
    return Table("dimensions", "各方面结果", "各方面达标的项数", heads, rows, is_caption_shown=False)


def coefficient_tables(page: VerdictPage) -> tuple[Table, ...]:
    """The coefficients of each stage; one sheet of a workbook."""
    heads = (*columns("指标", "单位"), *numbers("全县平均值", "差异系数", "上限"), Column("结论"))
    kind = "综合" if page.decides_by_composite else ""
    return tuple(
        Table(
            "coefficients",
            "差异系数",
            f"{stage.label}：{stage.schools} 所，{stage.enrollment}，{kind}差异系数上限 {stage.limit}",
            heads,
            tuple(_coefficient_rows(stage, page.decides_by_composite)),
            group_header="学段",
            group=stage.label,
            style="cards coefficient-table",
            drawing=stage.drawing,
        )
        for stage in page.stages
    )


def _coefficient_rows(stage: StageView, decides_by_composite: bool) -> Iterable[tuple[Cell, ...]]:
    """The indicators; the composite under them where it decides, for then it alone has a limit."""
    for line in stage.lines:
        found = (code_cell(line.code, line.name), *texts(line.unit, line.mean, line.coefficient, line.limit))
        yield (*found, *texts("")) if decides_by_composite else (*found, marked(line.mark))
    if stage.composite_mark is not None:
        told = texts("综合差异系数", "", "", stage.composite, stage.limit)
        yield (*told, marked(stage.composite_mark))


def distance_table(schools: SchoolDistances, code: str, has_limits: bool) -> Table:
    """The schools of a published result, those furthest from the standard first."""
    heads = (
        *columns("学校", "学校标识码", "学段"),
        Column("在校生", "人", is_number=True),
        *columns("达标", "未达标的指标"),
    )
    rows = []
    for line in schools.lines:
        link = reverse("result_school", args=[code, line.code])
        told = texts(line.code, line.stage, line.enrollment, line.words, line.missing)
        row: tuple[Cell, ...] = (Cell(line.name, link=link), *told)
        rows.append((*row, marked(line.mark)) if has_limits else row)
    caption = f"各校资源配置指标，{len(rows)} 行，一校一学段一行"
    return Table("schools", "学校", caption, (*heads, Column("该校")) if has_limits else heads, tuple(rows))


def item_tables(page: VerdictPage) -> tuple[Table, ...]:
    """The items of each group; one sheet of a workbook."""
    return tuple(
        Table(
            "requirements",
            "逐项要求",
            f"{group.name}，{len(group.lines)} 项",
            columns("项目", "要求", "结果"),
            tuple(
                (code_cell(line.code, line.name), *texts(line.requirement), marked(line.mark)) for line in group.lines
            ),
            group_header="方面",
            group=group.name,
            note=group.count,
            is_caption_shown=False,
        )
        for group in page.groups
    )


def history_table(history: Iterable[tuple[Certificate, bool]], shown: Certificate) -> Table:
    """Every result a county ever published; ``shown`` is the one this page is about, the flag of each says whether it
    was made by another standard than the one before."""
    rows = []
    for each, breaks in history:
        standard = each.evaluation.standard.name
        small = "与前一个结果的标准不同，数字不能直接相比" if breaks else ""
        is_here = each.pk == shown.pk
        rows.append(
            (
                Cell(year_words(each.evaluation.school_year)),
                Cell(f"{timezone.localtime(each.issued_at):%Y-%m-%d}"),
                Cell(standard, small=small),
                Cell(each.code, link="" if is_here else reverse("result", args=[each.code]),
                     small="本页" if is_here else ""),
                marked(Mark(*CERTIFIED_KINDS[each.evaluation.state_of])),
            )
        )  # fmt: skip
    heads = columns("学年", "公布", "标准", "结果", "状态")
    return Table("history", "历年结果", "公布过的每一个结果都保留原来的地址和数字", heads, tuple(rows))


def school_tables(page: SchoolPage) -> tuple[Table, ...]:
    """The figures of one school, a table for each of its stages."""
    heads = (*columns("指标", "单位"), *numbers("本校", "要求不低于"), *columns("还差", "结果"))
    return tuple(
        Table(
            "figures",
            "各项指标",
            f"{stage.label}的各项指标",
            heads,
            tuple(
                (
                    code_cell(line.code, line.name),
                    *texts(
                        line.unit,
                        line.cell.text,
                        line.limit,
                        f"{line.gap}{'（按全校合计）' if line.share else ''}" if line.gap else "",
                    ),
                    marked(line.cell.mark),
                )
                for line in stage.lines
            ),
            group_header="学段",
            group=stage.label,
            note=stage.enrollment,
        )
        for stage in page.rows
    )


def similar_table(
    own: CountyColumn, beside: Sequence[CountyColumn], figures: Iterable[FigureRow], is_chosen: bool
) -> Table:
    """A county and others in columns: what they are compared by, then every coefficient."""
    every = (own, *beside)
    rows = [
        ("在校生", [each.pupils for each in every]),
        ("城区和镇区在校生占比", [each.town_share for each in every]),
        ("年人均地方财政收入", [each.revenue for each in every]),
    ]
    if not is_chosen:
        rows.append(("相差", [each.distance for each in every]))
    told = [(Cell(name), *texts("", *values)) for name, values in rows]
    told += [
        (code_cell(row.code, f"{row.stage} {row.name}"), *texts(row.limit, *row.printed)) for row in figures
    ]  # fmt: skip
    heads = (
        Column("指标"),
        *numbers("上限", own.name),
        *(Column(each.name, is_number=True, link=reverse("result", args=[each.code])) for each in beside),
    )
    return Table("similar", "相近的县", "差异系数并列", heads, tuple(told), style="compare-table")


def group_table(page: GroupPage) -> Table:
    """Results that somebody put side by side; the standards are named where they are not all the same."""
    standards = [each.standard for each in page.columns]
    about = [
        ("学年", [each.school_year for each in page.columns]),
        *([("标准", standards)] if len(set(standards)) > 1 else []),
        ("证书", [each.status for each in page.columns]),
        ("在校生", [each.pupils for each in page.columns]),
        ("城区和镇区在校生占比", [each.town_share for each in page.columns]),
        ("年人均地方财政收入", [each.revenue for each in page.columns]),
    ]
    told = [(Cell(name), *texts("", *values)) for name, values in about]
    told += [(code_cell(row.code, f"{row.stage} {row.name}"), *texts(row.limit, *row.printed)) for row in page.rows]
    heads = (
        Column("指标"),
        *numbers("上限"),
        *(
            Column(f"{each.sign} {each.name}", is_number=True, link=reverse("result", args=[each.code]))
            for each in page.columns
        ),
    )
    return Table("group", "自选县", "差异系数并列，按代码排列", heads, tuple(told), style="compare-table")


def years_tables(stages: Iterable[StageYears]) -> tuple[Table, ...]:
    """The deciding coefficient of each stage year by year; one sheet of a workbook."""
    heads = (*columns("学年", "哪一个"), *numbers("差异系数", "上限"), Column("标准"))
    return tuple(
        Table(
            "years",
            "历年差异系数",
            f"{stage.label}：{stage.words}",
            heads,
            tuple(
                (
                    *texts(line.year, line.name, line.figure, line.limit),
                    Cell(line.standard, small="标准变了，与前一年不能直接相比" if line.breaks else ""),
                )
                for line in stage.lines
            ),
            group_header="学段",
            group=stage.label,
            style="cards years-table",
            drawing=stage.drawing,
        )
        for stage in stages
    )


def drawn_change_table(line: ChangeLine, parts: Sequence[str]) -> Table:
    """The one coefficient that is drawn, step by step."""
    name = f"{line.stage} {line.code} {line.name}".replace("  ", " ")
    steps = zip(("以前", *parts, "现在"), (line.before, *line.parts, line.after), strict=True)
    rows = tuple((Cell(step), Cell(figure or "0")) for step, figure in steps)
    return Table("drawn", "图中的数字", name, (Column("步骤"), *numbers("差异系数")), rows, style="")


def change_table(lines: Iterable[ChangeLine], parts: Sequence[str]) -> Table:
    """Every coefficient of a county from a year to the next, part by part."""
    rows = tuple(
        (
            code_cell(line.code, f"{line.stage} {line.name}"),
            Cell(line.before),
            *(Cell(part or "0") for part in line.parts),
            Cell(line.after),
            Cell(line.change or EMPTY),
        )
        for line in lines
    )
    heads = (Column("指标"), *numbers("以前", *parts, "现在", "合计"))
    caption = "差异系数从一年到另一年；− 是更均衡，＋ 是差距变大"
    return Table("changes", "变化", caption, heads, rows, style="compare-table")
