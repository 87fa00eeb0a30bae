"""A document that extends another: it holds only what differs, and nothing that differs may be looser. Pure.

The tables of the extended standard are the ground; every value of the variant is laid over it after its direction
(:mod:`evaluation.core.strictness`) has allowed it. What comes out is a whole document again and is read like any other.
"""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from evaluation.core.document import Document, StandardRefused, item_name, read_document
from evaluation.core.locate import Path
from evaluation.core.strictness import (
    COEFFICIENT,
    COEFFICIENT_LIMIT,
    CRITERION,
    INDICATOR,
    INDICATOR_LIMIT,
    PARAMETERS,
    PART,
    SCHOOL_RULE,
    Direction,
    Rule,
    is_same,
    looser,
    told,
)
from schools.vocabulary import Stage

_OWN = ("code", "name", "short_name", "document")
_HEAD = (*_OWN, "issued_on", "extends", "extends_sha256")
_NEW_CODE = re.compile(r"X[0-9]{1,3}")
_FIXED = Rule(Direction.FIXED)


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is stricter than in the standard at the root: of which item, what it is, before and after."""

    item: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Parent:
    """A document that another extends; ``sha256`` pins its text."""

    code: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A document with everything it extends laid under it. ``origins`` tells where an entry of ``tables`` stands in the
    text; None where the text is the whole. ``parents`` are the extended documents, the nearest first."""

    tables: Mapping[str, Any]
    document: Document
    origins: Mapping[Path, Path] | None = None
    parents: tuple[Parent, ...] = ()
    changes: tuple[Change, ...] = ()
    added: tuple[str, ...] = ()

    def refusal(self, path: Path, item: str, message: str) -> StandardRefused:
        """What to raise about a path of ``tables``, with its line in this document's own text."""
        if self.origins is None:
            return self.document.refusal(path, item, message)
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.document.refusal((*self.origins[path[:length]], *path[length:]), item, message)
        return self.document.refusal((), item, message)


def extended_document(document: Document, known: Mapping[str, bytes], line: tuple[str, ...]) -> Document:
    """The document that ``document`` extends. ``line`` are the codes that led here. Raises StandardRefused where it is
    not known, is another text than the one pinned, or leads back to itself."""
    code = document.extends
    if code in (*line, document.code):
        circle = " → ".join([*line, document.code, code])
        raise document.refusal(("extends",), "标准", f"extends 循环引用：{circle}")
    if code not in known:
        raise document.refusal(("extends",), "标准", f"extends = {code!r}：没有载入这个标准，请先载入它")
    found = read_document(known[code])
    if found.code != code:
        raise document.refusal(("extends",), "标准", f"extends = {code!r}：找到的文件代码是 {found.code!r}")
    pinned = document.tables.get("extends_sha256", found.sha256)
    if pinned != found.sha256:
        raise document.refusal(
            ("extends_sha256",), "标准", f"extends_sha256 与已载入的 {code} 不符，后者的校验码是 {found.sha256}"
        )
    return found


def extended(child: Document, parent: Resolved) -> Resolved:
    """``child`` laid over ``parent``. Raises StandardRefused where anything in it is looser, fixed or unknown."""
    return _Merge(child, parent).resolved()


class _Merge:
    def __init__(self, child: Document, parent: Resolved) -> None:
        self._child, self._parent = child, parent
        self._tables: dict[str, Any] = copy.deepcopy(dict(parent.tables))
        self._origins: dict[Path, Path] = {}
        self._changes = {(change.item, change.label): change for change in parent.changes}
        self._added: list[str] = []

    def resolved(self) -> Resolved:
        self._head()
        steps = {
            "school_rule": self._school_rule,
            "coefficient": self._coefficient,
            "indicators": self._indicators,
            "criteria": self._criteria,
            "relaxations": self._relaxations,
        }
        for key, value in self._child.tables.items():
            if key in steps:
                steps[key](value)
            elif key not in _HEAD and (key not in self._tables or self._tables[key] != value):
                words = "与所依据的标准不同，不能修改" if key in self._tables else "未知的内容"
                raise self._refused((key,), "标准", f"{words} {key}" if words == "未知的内容" else f"{key} {words}")
        under = self._parent.document
        return Resolved(
            self._tables,
            self._child,
            self._origins,
            (Parent(under.code, under.tables["name"], under.sha256), *self._parent.parents),
            tuple(self._changes.values()),
            (*self._parent.added, *self._added),
        )

    def _head(self) -> None:
        for key in _HEAD:
            kind = datetime.date if key == "issued_on" else str
            value = self._child.tables.get(key)
            if value is None and key != "extends_sha256":
                raise self._refused((), "标准", f"{key} 缺失，扩展别的标准的文件要写明自己的 {key}")
            if value is not None and (not isinstance(value, kind) or isinstance(value, datetime.datetime)):
                raise self._refused((key,), "标准", f"{key} 类型不对")
            self._tables[key] = value
            self._origins[(key,)] = (key,)
        self._tables.pop("extends_sha256")

    def _school_rule(self, table: Any) -> None:
        before = self._tables.get("school_rule")
        if before is None:
            raise self._refused(("school_rule",), "school_rule", "所依据的标准没有学校达标规则，不能增加")
        path: Path = ("school_rule",)
        self._origins[path] = path
        changed = self._lay(
            self._table(table, path, "school_rule"), before, SCHOOL_RULE, path, "school_rule", "学校达标规则"
        )
        if changed and "words" not in table:
            raise self._refused(path, "school_rule", "改了限值，words 也要写明新的要求")

    def _coefficient(self, table: Any) -> None:
        path: Path = ("coefficient",)
        self._origins[path] = path
        own = dict(self._table(table, path, "coefficient"))
        limits = self._table(own.pop("limits", {}), (*path, "limits"), "coefficient.limits")
        self._lay(own, self._tables["coefficient"], COEFFICIENT, path, "coefficient", "差异系数")
        rules = {
            stage.value: replace(COEFFICIENT_LIMIT, label=f"{stage.label}{COEFFICIENT_LIMIT.label}") for stage in Stage
        }
        before = self._tables["coefficient"]["limits"]
        names_a_limit = any(str(limit) in self._parent.tables["coefficient"]["words"] for limit in before.values())
        changed = self._lay(limits, before, rules, (*path, "limits"), "coefficient.limits", "差异系数")
        if changed and names_a_limit and "words" not in own:
            raise self._refused(path, "coefficient", "改了限值，words 也要写明新的要求")

    def _indicators(self, entries: Any) -> None:
        for path, entry, index in self._entries("indicators", entries):
            if index is None:
                raise self._refused(
                    path, f"indicators {entry['code']}", "所依据的标准没有这项指标，不能新增资源配置指标"
                )
            before = self._tables["indicators"][index]
            item = f"indicators {before['code']} {before['short_name']}"
            own = dict(entry)
            for stage in Stage:
                if stage.value in own:
                    rules = {"limit": replace(INDICATOR_LIMIT, label=f"{stage.label}{INDICATOR_LIMIT.label}")}
                    at = (*path, stage.value)
                    table = self._table(own.pop(stage.value), at, item)
                    self._lay(table, before[stage.value], rules, at, item, before["code"])
            self._lay(own, before, INDICATOR, path, item, before["code"])

    def _criteria(self, entries: Any) -> None:
        for path, entry, index in self._entries("criteria", entries):
            code = entry["code"]
            if index is None:
                if not _NEW_CODE.fullmatch(code):
                    raise self._refused(
                        path, f"criteria {code}", "所依据的标准没有这一项；新增项目的代码写作 X 加数字，例如 X1"
                    )
                self._origins[("criteria", len(self._tables["criteria"]))] = path
                self._tables["criteria"].append(copy.deepcopy(entry))
                self._added.append(code)
            else:
                self._criterion(path, entry, self._tables["criteria"][index])

    def _criterion(self, path: Path, entry: Mapping[str, Any], before: dict[str, Any]) -> None:
        code = before["code"]
        item = f"criteria {code} {before['name']}"
        own = dict(entry)
        changed = False
        if "parameters" in own:
            at = (*path, "parameters")
            table = self._table(own.pop("parameters"), at, item)
            old = before.setdefault("parameters", {})
            changed |= self._lay(table, old, PARAMETERS.get(before.get("rule", ""), {}), at, item, code)
        if "parts" in own:
            changed |= self._parts(own.pop("parts"), before.get("parts", []), (*path, "parts"), item, code)
        if "then" in own:
            before.setdefault("then", "met")
        changed |= self._lay(own, before, CRITERION, path, item, code)
        if changed and "requirement" not in entry:
            raise self._refused(path, item, "改了限值，requirement 也要写明新的要求")

    def _parts(self, entries: Any, before: list[dict[str, Any]], path: Path, item: str, code: str) -> bool:
        if not isinstance(entries, list):
            raise self._refused(path, item, "parts 类型不对，应为列表")
        changed = False
        for i, entry in enumerate(entries):
            table = self._table(entry, (*path, i), item)
            found = next((n for n, part in enumerate(before) if part["figure"] == table.get("figure")), None)
            if found is None:
                raise self._refused((*path, i), item, f"没有名为 {table.get('figure')!r} 的比例")
            label = PART["limit"].label if len(before) == 1 else f"第 {found + 1} 个比例的{PART['limit'].label}"
            rules = {"figure": _FIXED, "limit": replace(PART["limit"], label=label)}
            changed |= self._lay(table, before[found], rules, (*path, i), item, code)
        return changed

    def _relaxations(self, entries: Any) -> None:
        withdrawn: list[str] = []
        for path, entry, index in self._entries("relaxations", entries):
            item = f"relaxations {entry['code']}"
            if index is None:
                raise self._refused(path, item, "所依据的标准没有这项过渡规定，不得新增")
            before = self._tables["relaxations"][index]
            own = dict(entry)
            if not isinstance(own.get("withdrawn", False), bool):
                raise self._refused((*path, "withdrawn"), item, "withdrawn 类型不对，应为 true 或 false")
            if own.pop("withdrawn", False):
                withdrawn.append(before["code"])
            for key, is_later in (("in_force_from", True), ("in_force_until", False)):
                if key in own:
                    self._narrow(before, key, own.pop(key), is_later, (*path, key), item)
            self._lay(own, before, {"words": Rule(Direction.WORDS), "article": Rule(Direction.WORDS)}, path, item, "")
        for code in withdrawn:
            self._record(code, "是否适用", "可批准", "不再适用")
        kept = [entry for entry in self._tables.get("relaxations", []) if entry["code"] not in withdrawn]
        self._tables["relaxations"] = kept
        # The list has moved together: its lines are no longer those of the text.
        self._origins = {path: origin for path, origin in self._origins.items() if path[0] != "relaxations"}

    def _narrow(self, before: dict[str, Any], key: str, day: Any, is_later: bool, path: Path, item: str) -> None:
        if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
            raise self._refused(path, item, f"{key} 类型不对，应为日期，例如 2026-01-01")
        old = before.get(key)
        if old is not None and (day < old if is_later else day > old):
            words = "早于" if is_later else "晚于"
            raise self._refused(path, item, f"{key} {day} {words}所依据标准的 {old}，有效期只能缩短")
        if day != old:
            label = "有效期起" if is_later else "有效期止"
            self._record(before["code"], label, "未规定" if old is None else str(old), str(day))
        before[key] = day

    def _entries(self, key: str, entries: Any) -> list[tuple[Path, Mapping[str, Any], int | None]]:
        """The entries of a list, each with its path in the text and the position of the one it changes."""
        if not isinstance(entries, list):
            raise self._refused((key,), key, f"{key} 类型不对，应写作 [[{key}]]")
        codes = [entry["code"] for entry in self._tables.get(key, [])]
        found: list[tuple[Path, Mapping[str, Any], int | None]] = []
        seen = set[str]()
        for i, entry in enumerate(entries):
            path, item = (key, i), item_name(key, i, entry)
            code = self._table(entry, path, item).get("code")
            if not isinstance(code, str) or not code:
                raise self._refused(path, item, "code 缺失")
            if code in seen:
                raise self._refused(path, item, "代码重复")
            seen.add(code)
            index = codes.index(code) if code in codes else None
            if index is not None:
                self._origins[(key, index)] = path
            found.append((path, entry, index))
        return found

    def _lay(
        self,
        own: Mapping[str, Any],
        before: dict[str, Any],
        rules: Mapping[str, Rule],
        path: Path,
        item: str,
        code: str,
    ) -> bool:
        """Lay the values of ``own`` over ``before``; whether any limit became stricter."""
        changed = False
        for key, after in own.items():
            rule = rules.get(key, _FIXED)
            is_words = rule.direction is Direction.WORDS
            if key not in before and not is_words:
                raise self._refused((*path, key), item, f"未知的内容 {key}")
            old = before.get(key, "")
            if type(after) is not type(old):
                raise self._refused((*path, key), item, f"{key} 类型不对")
            if message := looser(rule, old, after):
                name = f"{key} " if rule.direction is Direction.FIXED else ""
                raise self._refused((*path, key), item, name + message)
            if rule.values and (message := rule.values.refusal(key, after)):
                raise self._refused((*path, key), item, message)
            if is_same(rule, old, after):
                # 45.0 in place of 45 changes nothing: the text of the extended standard stays.
                continue
            if not is_words:
                changed = True
                self._record(code, rule.label, told(rule, old), told(rule, after))
            before[key] = after
        return changed

    def _record(self, item: str, label: str, before: str, after: str) -> None:
        """A value became stricter; where a standard in between had changed it too, the root's value stays."""
        earlier = self._changes.get((item, label))
        if before != after or earlier:
            self._changes[item, label] = Change(item, label, earlier.before if earlier else before, after)

    def _table(self, value: Any, path: Path, item: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._refused(path, item, "应为一个表")
        return value

    def _refused(self, path: Path, item: str, message: str) -> StandardRefused:
        return self._child.refusal(path, item, message)
