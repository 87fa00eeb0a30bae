"""How the portal is set up: the environment it was started with."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from evaluation.doctor.opinion import Advice, Check, bad, notice
from evaluation.webhooks import read_webhooks

_SHORTEST_KEY = 32
_CONNECT_SECONDS = 3
_HERE = {"127.0.0.1", "localhost", "::1", ""}


def debug() -> Iterator[Advice]:
    """Tracebacks in the browser show settings and rows to whoever meets an error."""
    if settings.DEBUG:
        say = notice if settings.IS_EMBEDDED else bad
        yield say("DEBUG=1：出错页面会显示程序和数据。", "去掉环境变量 DEBUG 后重新启动。")


def secret_key() -> Iterator[Advice]:
    """Whoever knows or guesses the key signs in as anybody."""
    key = settings.SECRET_KEY
    if len(key) < _SHORTEST_KEY or len(set(key)) < _SHORTEST_KEY // 4 or key.startswith("django-insecure"):
        say = notice if settings.IS_EMBEDDED else bad
        yield say(
            f"SECRET_KEY 太短或太简单（{len(key)} 个字符）。",
            "换成随机的 50 个字符以上，例如 python -c 'import secrets; print(secrets.token_urlsafe(50))'。",
        )
    path = Path(settings.VAR_DIR) / "secret_key"
    if path.exists() and path.stat().st_mode & 0o077:
        yield bad(f"{path} 可被其他用户读取。", f"执行 chmod 600 {path}，并更换其中的密钥。")


def https() -> Iterator[Advice]:
    """Without TLS passwords and sessions can be read on the way."""
    if settings.IS_EMBEDDED:
        return
    if not settings.HTTPS:
        yield bad("没有启用 HTTPS：密码和登录状态在网络上可被读取。", "在前面配置 TLS，并设置 HTTPS=1。")
    elif not settings.SITE_URL.startswith("https://"):
        yield notice(f"HTTPS=1，但 SITE_URL 是 {settings.SITE_URL}。", "把 SITE_URL 改成 https:// 开头的对外地址。")


def second_factor() -> Iterator[Advice]:
    """Whose word decides should sign in with more than a password."""
    if not settings.IS_EMBEDDED and not settings.REQUIRE_SECOND_FACTOR:
        yield notice("没有要求督学、审定人和管理员使用两步验证。", "去掉 REQUIRE_SECOND_FACTOR=0，或设置 HTTPS=1。")


def addresses() -> Iterator[Advice]:
    """The addresses the portal answers under, and those it writes into letters and on certificates."""
    if "*" in settings.ALLOWED_HOSTS:
        yield notice("ALLOWED_HOSTS 含有 *，任何主机名都会被接受。", "只写本平台对外的域名。")
    host = urlsplit(settings.SITE_URL).hostname or ""
    if not settings.IS_EMBEDDED and host in _HERE:
        yield notice(
            f"SITE_URL 是 {settings.SITE_URL}：信件和证书上的链接在别的电脑上打不开。",
            "设置 SITE_URL 为对外地址。",
        )


def email() -> Iterator[Advice]:
    """Letters: whether there is a server, and whether it answers."""
    if "console" in settings.EMAIL_BACKEND:
        if not settings.IS_EMBEDDED:
            yield notice("没有设置邮件服务器，邀请和提醒只会写到日志里。", "设置 EMAIL_URL 和 EMAIL_FROM。")
        return
    if "smtp" not in settings.EMAIL_BACKEND:
        return
    try:
        with socket.create_connection((settings.EMAIL_HOST, settings.EMAIL_PORT), _CONNECT_SECONDS):
            pass
    except (OSError, smtplib.SMTPException) as error:
        yield bad(
            f"邮件服务器 {settings.EMAIL_HOST}:{settings.EMAIL_PORT} 连接不上（{error}）。",
            "核对 EMAIL_URL 和防火墙；未发出的信会保留并重试。",
        )


def webhooks() -> Iterator[Advice]:
    """Bots that are told of steps."""
    try:
        found = read_webhooks(settings.WEBHOOKS)
    except ImproperlyConfigured as error:
        yield bad(f"WEBHOOKS 写错了：{error}", "按 config/settings.py 的说明改正。")
        return
    for each in found.values():
        if each.url.startswith("http://") and not settings.IS_EMBEDDED:
            yield notice(f"机器人“{each.name}”的地址不是 https。", "改用 https 地址，通知中有县名和进度。")


def static_files() -> Iterator[Advice]:
    """Style and scripts of the pages."""
    if not settings.IS_EMBEDDED and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        yield bad("没有收集静态文件，页面会没有样式。", "执行 manage.py collectstatic --noinput。")


CONFIGURATION: dict[str, tuple[Check, bool]] = {
    "调试模式": (debug, False),
    "密钥": (secret_key, False),
    "HTTPS": (https, False),
    "两步验证": (second_factor, False),
    "对外地址": (addresses, False),
    "邮件": (email, False),
    "机器人通知": (webhooks, False),
    "静态文件": (static_files, False),
}
