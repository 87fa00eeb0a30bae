"""What a check of the doctor says."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


class Level(enum.IntEnum):
    """How it stands; the worst is the exit code."""

    GOOD = 0
    NOTICE = 1
    BAD = 2

    @property
    def label(self) -> str:
        return ("好", "注意", "有问题")[self]


@dataclass(frozen=True, slots=True)
class Advice:
    """Something found: how bad it is, what, and what to do."""

    level: Level
    words: str
    remedy: str


#: A check yields what is not as it should be, and returns what it found in order, in words.
Check = Callable[[], Iterator[Advice]]


@dataclass(frozen=True, slots=True)
class Opinion:
    """One line of the doctor: the check, how it stands, what was found, what to do (empty where all is well)."""

    check: str
    level: Level
    words: str
    remedy: str = ""


def examine(checks: Mapping[str, tuple[Check, bool]], *, database_answers: bool) -> Iterator[Opinion]:
    """Every check, one after the other; a check that cannot be made is found bad, not left out."""
    for name, (check, asks_database) in checks.items():
        if asks_database and not database_answers:
            yield Opinion(name, Level.BAD, "数据库没有应答，未能检查。", "先解决数据库的问题，再运行一次。")
            continue
        try:
            found = list(check())
        except Exception as error:
            yield Opinion(
                name, Level.BAD, f"检查中断：{type(error).__name__}：{error}", "按所报的错误处理后再运行一次。"
            )
            continue
        if not found:
            yield Opinion(name, Level.GOOD, "正常。")
        for each in found:
            yield Opinion(name, each.level, each.words, each.remedy)


def bad(words: str, remedy: str) -> Advice:
    """What keeps the portal from working, or its data from being safe."""
    return Advice(Level.BAD, words, remedy)


def notice(words: str, remedy: str) -> Advice:
    """What somebody should look at."""
    return Advice(Level.NOTICE, words, remedy)
