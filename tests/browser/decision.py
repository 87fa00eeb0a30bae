"""The part of whoever decides, and of everybody: the chief approves, answers, publishes, revokes; the public reads,
objects, downloads and verifies."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.browser.accounts import read_code
from tests.browser.person import Person


def assign(chief: Person, county: str, inspector: str) -> None:
    """From the table of counties to the form, which knows the county already."""
    chief.go("县的分配")
    chief.main.get_by_role("row", name=county).get_by_role("link", name="分配").click()
    form = chief.main.locator("#assign")
    chief.choose("督学", inspector, form)
    chief.write("理由", "按学校数均衡。", form)
    chief.look("assignments")
    chief.press("保存分配", form)
    expect(chief.main.get_by_role("row", name=county)).to_contain_text(inspector)


def approve(chief: Person) -> None:
    """Agree with what is proposed; the notice is put up with it."""
    chief.follow("审定")
    chief.stands_before("处理建议")
    form = chief.main.get_by_role("form", name="审定处理建议")
    chief.tick("同意建议", form)
    chief.write("审定意见", "同意认定，公示五个工作日。", form)
    chief.look("decide")
    chief.press("审定", form)


def object_to(visitor: Person, county: str) -> str:
    """Anybody, from the first page: the notice, the form, a number; returns the number."""
    visitor.open("/")
    visitor.go("公示")
    visitor.look("notices")
    visitor.follow(county, exact=False)
    visitor.stands_before(f"{county}义务教育督导评估公示")
    visitor.look("notice")
    visitor.follow("提出异议")
    visitor.write("异议内容", "公示的骨干教师人数与学校实际不符，请核实。")
    visitor.look("object")
    visitor.press("提交异议")
    visitor.stands_before(re.compile("^异议 YY-"))
    visitor.reads("请记下编号")
    visitor.look("objection")
    return visitor.page.get_by_role("heading", level=1).inner_text().removeprefix("异议 ")


def dismiss(chief: Person, number: str) -> None:
    """Answer that an objection is not right."""
    chief.follow("查看异议")
    form = chief.main.get_by_role("form", name=f"答复异议 {number}")
    chief.tick("异议不成立", form)
    chief.write("答复", "经核实，骨干教师人数与聘任文件一致。", form)
    chief.look("objections")
    chief.press("答复", form)
    chief.is_told(f"异议 {number} 已答复。")


def code_on_paper(pdf: Path, folder: Path) -> str:
    """The address in the QR code of a certificate, printed and read as a camera would."""
    subprocess.run(["pdftoppm", "-r", "100", "-png", "-singlefile", str(pdf), str(folder / "paper")], check=True)
    with Image.open(folder / "paper.png") as paper:
        return read_code(paper)


def verify_number(visitor: Person, number: str, standing: str) -> None:
    """What the portal says of a number, asked from the foot of any page."""
    visitor.page.get_by_role("contentinfo").get_by_role("link", name="查验证书").click()
    visitor.write("证书或文件的编号", number)
    visitor.press("查询")
    _told(visitor, standing)
    visitor.look(f"verify-{standing}")


def verify_file(visitor: Person, pdf: Path, standing: str) -> None:
    """What it says of the paper itself."""
    visitor.main.get_by_label("证书 PDF 或记录（JSON）").set_input_files(pdf)
    visitor.press("核验")
    _told(visitor, standing)


def _told(visitor: Person, standing: str) -> None:
    expect(visitor.main.get_by_role("status")).to_contain_text(standing)


def revoke(chief: Person, county: str, reason: str) -> None:
    """From where it was published back to the evaluation, and the reason everybody will read."""
    chief.back_to(f"{county}督导评估")
    chief.look("evaluation-published")
    chief.follow("撤销证书")
    chief.write("理由", reason)
    chief.look("revoke")
    chief.press("撤销证书")
    chief.is_told("证书已撤销，状态页已经更新。")


def publish(chief: Person, county: str) -> None:
    """From the desk: the term is over and every objection answered."""
    chief.go("督导评估")
    chief.follow(county, exact=False)
    chief.follow("公布", chief.main.locator("#noticing"))
    chief.look("publish")
    chief.press("公布")
    chief.is_told("已公布。")
