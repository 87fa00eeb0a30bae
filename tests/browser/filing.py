"""The county's part: the clerk fills in, explains, attaches and corrects; the signer signs; both reply."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from evaluation.actions import run_waiting_jobs
from indicators.catalogue import FIELD_BY_KEY
from tests.browser.person import Person
from tests.builders import Row, good_rows
from tests.conftest import PASSWORD
from tests.indicators.test_evidence_files import pdf
from tests.test_story import filled_in

SCHOOL, COLUMN = "清河县柳林镇中心小学", FIELD_BY_KEY["multimedia_rooms"].header
#: The finding the county does not agree with.
DISPUTED = "G8"


def rows() -> list[Row]:
    """A county that passes, with two figures that are unlikely though right."""
    told = good_rows()
    told[0]["funds_final"] = round(0.4 * told[0]["funds_budget"], 4)
    told[2]["funds_final"] = round(0.4 * told[2]["funds_budget"], 4)
    return told


def fill_in_template(clerk: Person, folder: Path) -> Path:
    """Download the template and fill it in, away from the portal."""
    blank = clerk.download(clerk.main.get_by_role("button", name="下载填报模板"))
    filled = folder / "望棠区_填报.xlsx"
    filled.write_bytes(filled_in(blank.read_bytes(), rows()))
    return filled


def upload(clerk: Person, workbook: Path) -> None:
    """Upload and wait for the verdict on the page that finds out by itself."""
    clerk.main.get_by_label("填好的文件").set_input_files(workbook)
    clerk.press("上传并试算")
    wait_for_verdict(clerk, 1)


def wait_for_verdict(clerk: Person, version: int) -> None:
    """The page says where it is; a worker takes the job, and the verdict comes by itself."""
    clerk.stands_before(f"正在处理第 {version} 版")
    clerk.reads("可以关闭本页")
    assert run_waiting_jobs() == 1
    expect(clerk.page.get_by_role("heading", level=1)).to_contain_text(f"第 {version} 版试算结果")
    clerk.reads("能够核算的各项均已达标")


def explain_everything(clerk: Person) -> int:
    """Explain what must be explained, one by one; returns how many there were."""
    wanted = clerk.page.get_by_label("按类别筛选").get_by_role("link", name=re.compile("^必须说明"))
    wanted.click()
    expect(wanted).to_have_attribute("aria-current", "true")
    clerk.page.wait_for_load_state()
    count = clerk.main.locator("#problems tbody tr").count()
    for done in range(count):
        row = clerk.main.locator("#problems tbody tr").filter(has_text="尚未说明").first
        row.get_by_text("填写说明").click()
        row.get_by_label("为什么这个数字是对的").fill("设备采购在下半年集中支付，决算以财政批复为准。")
        clerk.press("保存说明", row)
        expect(clerk.main.get_by_text("尚未说明")).to_have_count(count - done - 1)
    return count


def attach_everything(clerk: Person) -> int:
    """A file on every item that rests on evidence; returns how many there were."""
    clerk.go("工作台")
    clerk.follow("材料清单")
    clerk.stands_before("材料清单")
    clerk.look("checklist")
    count = 0
    while (waiting := clerk.main.get_by_role("link", name="佐证材料", exact=True)).count():
        waiting.first.click()
        count += 1
        content = pdf(b"<</Type/Catalog/Pages 2 0 R/Number %d>>" % count)
        clerk.main.get_by_label("文件", exact=True).set_input_files(
            {"name": f"证明{count}.pdf", "mimeType": "application/pdf", "buffer": content}
        )
        clerk.write("发文单位", "望棠区人民政府")
        clerk.write("发文日期", "2026-03-02")
        clerk.write("证明所在页码", "第3页")
        clerk.press("添加材料")
        clerk.is_told("材料已添加。")
        if count == 1:
            clerk.look("evidence")
        clerk.back_to("材料清单")
        clerk.stands_before("材料清单")
    return count


def sign(signer: Person, version: int) -> str:
    """Read the legal sentence, sign, and get the receipt; returns its number."""
    signer.stands_before("签报")
    signer.reads("可以签报。请逐项核对后，在本页末尾签报。")
    expect(signer.main.locator("blockquote")).to_be_visible()
    signer.look("signing")
    signer.write("职务", "县教育局局长")
    signer.tick("本人已阅读并同意以上声明")
    signer.write("登录密码", PASSWORD)
    signer.press(f"签报第 {version} 版")
    signer.stands_before(re.compile("^签报回执 "))
    signer.look("receipt")
    return signer.page.get_by_role("heading", level=1).inner_text().removeprefix("签报回执 ")


def correct_what_was_sent_back(clerk: Person, more: int) -> None:
    """From the message to the one open cell, and one more room in it."""
    open_newest_message(clerk)
    clerk.reads("只有下列内容可以修改")
    clerk.look("sent-back")
    clerk.follow("去更正")
    clerk.stands_before(SCHOOL)
    form = clerk.main.locator("form").filter(has=clerk.page.get_by_role("button", name="保存更正", exact=True))
    option = form.locator("option").filter(has_text=COLUMN)
    before = option.text_content() or ""
    form.get_by_label("栏目").select_option(value=option.get_attribute("value"))
    form.get_by_label("更正为").fill(str(int(before.rpartition("：")[2]) + more))
    clerk.press("保存更正", form)
    wait_for_verdict(clerk, 2)


def open_newest_message(person: Person) -> None:
    """What was told last, opened from the inbox."""
    person.go("消息")
    newest = person.main.get_by_role("listitem").filter(has_text="未读").first
    person.press("打开", newest, exact=False)


def disagree(signer: Person) -> None:
    """The right of reply: with one finding the county does not agree, and that is all it has to say."""
    signer.follow("逐项答复")
    signer.look("proposal-county")
    finding = signer.main.locator(f"#finding-{DISPUTED}")
    signer.unfold("提出意见", finding)
    signer.tick("不同意", finding)
    signer.write("说明", "去年的绩效工资在年底补发，比例应为 104%，见财政批复。", finding)
    signer.press("保存意见", finding)
    expect(finding).to_contain_text("待督学答复")
    signer.follow("“答复完毕”")
    signer.press("答复完毕")
    signer.reads("答复完毕")
    expect(signer.main.get_by_role("button", name="答复完毕")).to_have_count(0)
