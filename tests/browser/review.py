"""The part of those who review: the city forwards or sends back, the inspector judges, asks and proposes."""

from __future__ import annotations

import datetime
import re

from playwright.sync_api import Locator, expect

from tests.browser.filing import COLUMN, DISPUTED, SCHOOL, open_newest_message
from tests.browser.person import Person
from tests.evaluation.walk import MONITORING, SURVEY


def send_one_cell_back(city: Person, deadline: datetime.date) -> None:
    """From the message to the form: one cell by its school and column, with a reason and a deadline."""
    open_newest_message(city)
    city.stands_before("示例省锦棠市望棠区督导评估")
    city.look("evaluation-city")
    city.follow("选择要退回的内容")
    city.choose("学校", SCHOOL)
    city.choose("栏目", COLUMN)
    city.press("加到上面的清单")
    cell = city.main.get_by_role("listitem").filter(has_text=f"{SCHOOL} {COLUMN}")
    expect(cell.get_by_role("checkbox")).to_be_checked()
    cell.get_by_label(re.compile("^退回理由")).fill("与资产台账不符，请核实。")
    city.write("退回理由", "一处数据需要核实。")
    city.write("期限", deadline.isoformat())
    city.look("send-back")
    city.press("退回")
    city.is_told("已退回")


def see_what_changed_and_forward(city: Person) -> None:
    """What was corrected is marked, the rest is as it was; then an opinion, and on."""
    open_newest_message(city)
    city.reads("1 处已改")
    changed = city.main.locator("#send-backs tbody tr")
    expect(changed).to_have_count(1)
    expect(changed.get_by_text("已改")).to_be_visible()
    expect(changed.locator("ins")).to_be_visible()
    city.look("evaluation-corrected")
    city.write("复核意见", "数据与年报一致，抽查的材料属实，同意上报。")
    city.press("复核上报")
    city.is_told("已上报，转到省级评估。")


def supply_results(inspector: Person) -> None:
    """The survey and the monitoring, from their reports."""
    form = inspector.main.get_by_role("form", name="录入社会认可度调查结果")
    words = {"issued": "发放问卷", "valid": "有效问卷", "satisfied": "满意问卷"}
    for name, number in SURVEY.items():
        whose = "家长" if name.startswith("parents_") else "全部"
        inspector.write(f"{whose}{words[name.removeprefix('parents_')]}", str(number), form)
    _about(inspector, form, "省调查报告")
    inspector.press("保存调查结果", form)
    expect(inspector.main.locator("#survey")).to_contain_text("省调查报告")
    inspector.unfold("录入监测结果")
    form = inspector.main.get_by_role("form", name="录入质量监测结果")
    grades, numbers = form.get_by_role("combobox"), form.locator("input[type=number]")
    told = list(MONITORING.values())
    half = len(told) // 2
    for position in range(half):
        grades.nth(position).select_option(index=int(told[position]))
        numbers.nth(position).fill(str(told[half + position]))
    _about(inspector, form, "国家监测报告")
    inspector.press("保存监测结果", form)
    expect(inspector.main.locator("#monitoring")).to_contain_text("国家监测报告")


def _about(inspector: Person, form: Locator, document: str) -> None:
    inspector.write("依据文件", document, form)
    inspector.write("发文日期", "2026-06-30", form)


def judge_everything(inspector: Person) -> int:
    """Every item that rests on evidence, with an opinion; returns how many there were."""
    inspector.page.wait_for_load_state()
    count = 0
    while (waiting := inspector.main.locator("#items li").filter(has_text="待评定")).count():
        item = waiting.first
        code = item.locator(".code").first.inner_text()
        item.locator("summary", has_text="评定").click()
        item.get_by_role("radio").first.check()
        item.get_by_label("评定意见").fill("查阅材料并实地核查，符合要求。")
        inspector.press("保存评定", item)
        expect(inspector.main.locator(f"#item-{code}")).not_to_contain_text("待评定")
        inspector.page.wait_for_load_state()
        count += 1
    return count


def ask_about_a_cell(inspector: Person) -> None:
    """From the result to the school, and a question about one cell there."""
    inspector.follow("判定结果")
    inspector.main.locator("#schools").get_by_role("link", name=SCHOOL).click()
    inspector.stands_before(SCHOOL)
    form = inspector.main.get_by_role("form", name="提问")
    option = form.locator("option").filter(has_text=COLUMN)
    form.get_by_label("对哪一格提问").select_option(value=option.get_attribute("value"))
    form.get_by_label("问题", exact=True).fill("新增的一间教室何时投入使用？")
    inspector.press("提问", form)
    inspector.is_told("问题已提出")
    inspector.look("school-question")


def propose(inspector: Person) -> None:
    """Nothing is missing, and so the county may be proposed to be certified."""
    inspector.follow("提出处理建议")
    inspector.reads("各项均已达标，可以建议认定")
    inspector.tick("建议认定")
    inspector.write("理由", "数据、材料、调查和监测各项核查无误，建议认定。")
    inspector.look("propose")
    inspector.press("提出建议")
    expect(inspector.main.locator("#current h2").first).to_have_text("建议认定")


def answer_reply(inspector: Person) -> None:
    """An answer to what the county does not agree with."""
    inspector.follow("答复县级意见")
    finding = inspector.main.locator(f"#finding-{DISPUTED}")
    inspector.look("answer-reply")
    inspector.write("答复", "补发的绩效工资已在本次数据内，结论不变。", finding)
    inspector.press("保存答复", finding)
    expect(finding).to_contain_text("补发的绩效工资已在本次数据内")
