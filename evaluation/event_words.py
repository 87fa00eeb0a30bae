"""What an event is called on the page. Pure."""

from __future__ import annotations

import json
from typing import Any

from evaluation.workflow import State, Step, Within

#: Events beside the steps of the workflow.
_OTHER = {
    "download": "下载未公开数据",
    "question_asked": "提问",
    "question_answered": "答复提问",
    "item_judged": "评定项目",
    "result_supplied": "录入结果",
    "relaxation_granted": "批准过渡规定",
    "relaxation_withdrawn": "撤回过渡规定",
    "assign": "分配督学",
    "recuse": "申报回避",
    "open_data": "生成开放数据",
    "publication_rule": "设定公开规则",
    "login": "登录",
    "logout": "退出登录",
    "login_locked": "登录锁定",
    "password_change": "修改密码",
    "password_reset": "重置密码",
    "grant": "开通账号",
    "account_change": "修改账号",
    "second_factor_on": "启用动态口令",
    "second_factor_off": "停用动态口令",
    "second_factor_code": "使用动态口令",
    "second_factor_reset": "重置动态口令",
    "recovery_codes": "更换恢复码",
    "token_made": "创建接口令牌",
    "token_revoked": "撤销接口令牌",
    "invite": "邀请人员",
    "invitation_revoke": "撤回邀请",
    "invitation_expire": "邀请过期",
    "accept": "接受邀请",
    "hand_over": "移交岗位",
    "deactivate": "停用账号",
    "reactivate": "恢复账号",
    "jobs_revived": "重新处理任务",
    "outbox_again": "重新发送通知",
    "document_ordered": "提出制作文件",
    "document_issued": "制作文件",
    "document_published": "公布年度报告",
    "document_template": "设定文件模板",
    "national_run_started": "发起全国核算",
    "national_run_paused": "暂停全国核算",
    "national_run_resumed": "继续全国核算",
    "national_run_cancelled": "取消全国核算",
}

#: Why an inspector keeps away may be a matter of the family: told to no county.
PRIVATE = ("recuse",)

#: What of a payload is said on a page, in this order: nothing else of it is ever shown.
_TOLD = (
    ("what", ""),
    ("filename", ""),
    ("version", "第{}版"),
    ("number", "编号 {}"),
    ("certificate", "证书 {}"),
    ("sha256", "SHA-256 {}"),
)


def kind_label(kind: str) -> str:
    """The words for a kind of event; an unknown kind is its own name."""
    if kind in set(Within):
        return Within(kind).label
    kinds: tuple[type[Step] | type[Within], ...] = (Step, Within)
    return next((each(kind).label for each in kinds if kind in set(each)), _OTHER.get(kind, kind))


def move_words(source: str, target: str) -> str:
    """From which state to which, empty where the event moved nothing."""
    if not target:
        return ""
    arrived = State(target).label
    return arrived if source in ("", target) else f"{State(source).label} → {arrived}"


def told_of(payload: str) -> str:
    """What of the payload of an event everybody who may see the event may read."""
    held = payload_of(payload)
    return "，".join((words or "{}").format(held[key]) for key, words in _TOLD if held.get(key))


def payload_of(payload: str) -> dict[str, Any]:
    """The payload of an event; nothing where somebody made it unreadable."""
    try:
        held = json.loads(payload)
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}
