"""How people get in: an invitation, a password, and a code from the phone."""

from __future__ import annotations

import base64
import io
import time
from urllib.parse import parse_qs, urlsplit

import numpy as np
import zxingcpp
from django_otp.oath import hotp
from PIL import Image
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.conftest import PASSWORD

_HALF_MINUTE = 30


class Phone:
    """The authenticator on a phone. It is shown the QR code and the key, and tells codes, none of them twice."""

    def __init__(self, key: bytes) -> None:
        self._key, self._last = key, -1

    def code(self) -> str:
        """The code of now; where that was told before, the next one: a phone may be half a minute ahead."""
        self._last = max(int(time.time()) // _HALF_MINUTE, self._last + 1)
        return f"{hotp(self._key, self._last):06d}"


def read_code(picture: Image.Image) -> str:
    """What the one QR code of a picture says, read as a camera would."""
    # Of other kinds than QR there is always something to be seen in so many squares.
    found = zxingcpp.read_barcodes(np.asarray(picture.convert("L")), formats=zxingcpp.BarcodeFormat.QRCode)
    assert len(found) == 1, f"{len(found)} codes in the picture"
    return str(found[0].text)


def set_up_second_factor(person: Person) -> Phone:
    """The duty of whoever decides: nothing else opens before. The phone reads the code from the screen."""
    person.stands_before("两步验证")
    person.reads("您的身份必须启用两步验证，启用前不能办理其他事项")
    person.press("开始设置")
    picture = person.page.get_by_role("img", name="两步验证的二维码").screenshot()
    read = parse_qs(urlsplit(read_code(Image.open(io.BytesIO(picture)))).query)["secret"][0]
    shown = person.main.locator("code").inner_text().replace(" ", "")
    assert read.rstrip("=") == shown
    phone = Phone(base64.b32decode(shown + "=" * (-len(shown) % 8)))
    person.look("second-factor")
    person.write("验证码", phone.code())
    person.press("启用")
    person.stands_before("两步验证已启用")
    expect(person.main.get_by_role("listitem")).to_have_count(10)
    person.look("recovery-codes")
    person.follow("已经保存好，进入工作台")
    return phone


def sign_in_with_code(person: Person, username: str, phone: Phone, password: str = PASSWORD) -> None:
    """Password, then the code of the phone."""
    person.sign_in(username, password)
    person.stands_before("两步验证")
    person.write("验证码", phone.code())
    person.press("验证")


def invite(steward: Person, full_name: str, party: str, place: str) -> str:
    """The steward invites somebody; returns the link, which the page shows this once."""
    steward.go("人员和账号")
    steward.follow("邀请新人员")
    steward.write("姓名", full_name)
    steward.choose("身份", party)
    steward.choose("所属地区", place)
    steward.look("invite")
    steward.press("生成邀请")
    steward.stands_before("邀请已生成")
    steward.reads("链接只显示这一次")
    steward.look("invited")
    return steward.main.locator("code").inner_text()


def accept(person: Person, link: str, username: str, password: str = PASSWORD) -> None:
    """Open the link one was given, choose name and password, sign in with them."""
    person.open(link)
    person.stands_before("开通账号")
    person.look("accept")
    person.write("用户名", username)
    person.write("密码", password)
    person.write("再输一次密码", password)
    person.press("开通账号")
    person.reads("账号已开通，请用刚才设置的用户名和密码登录")
    person.fill_in_sign_in(username, password)
