"""What a template may say: placeholders, loops over lists, conditions. Everything else of the template language is
refused, and every name is looked up in the document's schema. Pure: runs in the process that touches the template."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

_PICTURE = "picture"
_FILTERS = frozenset(("length", "first", "last", "join", "default"))
_TESTS = frozenset(("defined", "undefined", "none"))
_LOOP = {"index": "", "index0": "", "first": False, "last": False, "length": ""}
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
_ANYTHING: Any = object()
_MOST_PROBLEMS = 20

Scope = Mapping[str, Any]


def environment() -> ImmutableSandboxedEnvironment:
    """The environment templates are read and filled in: sandboxed, escaping everything, without any function."""
    made = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined, extensions=[])
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in _FILTERS}
    made.tests = {name: test for name, test in made.tests.items() if name in _TESTS}
    return made


def problems_of(source: str, schema: Scope) -> list[str]:
    """What keeps a template's source from being used, in Chinese; none where it fits ``schema``."""
    try:
        tree = environment().parse(source)
    except TemplateSyntaxError as error:
        how = "请核对花括号和百分号是否成对、for 和 if 是否有 endfor、endif。"
        return [f"占位符写法有误，无法识别（{_syntax(error)}）。{how}"]
    found: list[str] = []
    for problem in _Reader().read(tree, schema, ()):
        if problem not in found:
            found.append(problem)
        if len(found) >= _MOST_PROBLEMS:
            break
    return found


def names_of(source: str) -> set[str]:
    """The names a source prints or asks for; empty where it cannot be read."""
    try:
        return {node.name for node in environment().parse(source).find_all(nodes.Name)}
    except TemplateSyntaxError:
        return set()


def _syntax(error: TemplateSyntaxError) -> str:
    message = error.message or ""
    words = {
        "unknown tag": "有不认识的标记", "Unexpected end of template": "有 for 或 if 没有结束",
        "No filter named": "有不能使用的过滤器", "No test named": "有不能使用的判断", "unexpected": "有多余的符号",
    }  # fmt: skip
    return next((told for begin, told in words.items() if begin.lower() in message.lower()), "语法错误")


class _Reader:
    """Walks a template's tree with the names that are known at each place."""

    def read(self, node: nodes.Node, scope: Scope, loops: tuple[str, ...]) -> Iterator[str]:
        if isinstance(node, nodes.For):
            yield from self._loop(node, scope, loops)
            return
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            problem, kind = _kind_of(node, scope)
            if problem:
                yield problem
            elif isinstance(kind, Mapping):
                name = _written(node)
                yield f"占位符 {{{{ {name} }}}} 是一行，请写明其中的哪一项，如 {name}.{next(iter(kind))}。"
            return
        if isinstance(node, nodes.Filter):
            yield from _filter_problems(node, scope)
        elif isinstance(node, nodes.Test):
            if node.name not in _TESTS:
                yield f"不能使用判断 {node.name}。"
        elif isinstance(node, nodes.Output):
            for each in node.nodes:
                yield from _printed_problems(each, scope)
        elif not isinstance(node, _PLAIN):
            what = type(node).__name__
            yield f"模板中有不能使用的写法（{what}）。只能使用占位符、for 和 if，不能使用函数、运算或赋值。"
            return
        for child in node.iter_child_nodes():
            yield from self.read(child, scope, loops)

    def _loop(self, node: nodes.For, scope: Scope, loops: tuple[str, ...]) -> Iterator[str]:
        if not isinstance(node.target, nodes.Name) or node.recursive:
            yield "for 只能写成 {% for 行 in 列表 %}。"
            return
        problem, kind = _kind_of(node.iter, scope)
        if problem:
            yield problem
            kind = [_ANYTHING]
        elif not isinstance(kind, list):
            yield f"{_written(node.iter)} 不是列表，不能用 for 逐行列出。"
            return
        elif loops and _first_name(node.iter) not in loops:
            # Otherwise a list within a list within a list: more lines than any printer has paper for.
            yield f"for 里面的 for 只能列出外层那一行自己的列表，不能再列 {_written(node.iter)}。"
            return
        elif node.target.name in scope:
            yield f"for 的行不能叫“{node.target.name}”：已经有同名的占位符。请换一个名称，如 行。"
            return
        inner = {**scope, node.target.name: kind[0], "loop": _LOOP}
        for child in (node.test, *node.body):
            if child is not None:
                yield from self.read(child, inner, (*loops, node.target.name))
        for child in node.else_:
            yield from self.read(child, scope, loops)


def _filter_problems(node: nodes.Filter, scope: Scope) -> Iterator[str]:
    """A filter works on what it was made for: of a list of rows, only the number can be told in words."""
    if node.name not in _FILTERS:
        yield f"不能使用过滤器 {node.name}；可以使用的有：{'、'.join(sorted(_FILTERS))}。"
        return
    kind = _result(node.node, scope)
    if kind is _ANYTHING:
        return
    if node.name == "length":
        if not isinstance(kind, list):
            yield "过滤器 length 只能用于列表，得到它的行数。"
    elif node.name == "default":
        if isinstance(kind, list):
            yield "过滤器 default 只能用于文字和图片；列表请用 {% if 列表 %} 判断，用 for 逐行列出。"
    elif kind != [""]:
        yield f"过滤器 {node.name} 只能用于由文字组成的列表；由行组成的列表请用 for 逐行列出。"


def _result(node: nodes.Node | None, scope: Scope) -> Any:
    """What an expression stands for, as a schema says it."""
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        problem, kind = _kind_of(node, scope)
        return _ANYTHING if problem else kind
    if isinstance(node, nodes.Filter) and node.name == "default":
        return _result(node.node, scope)
    return ""


def _printed_problems(node: nodes.Node | None, scope: Scope) -> Iterator[str]:
    """What is printed has to be text or a picture: anything else would stand in the document as a program writes it."""
    if isinstance(node, nodes.CondExpr):
        yield from _printed_problems(node.expr1, scope)
        if node.expr2 is None:
            yield "{{ 甲 if 条件 }} 要写明不符合条件时印什么：{{ 甲 if 条件 else 乙 }}。"
        else:
            yield from _printed_problems(node.expr2, scope)
    elif isinstance(node, nodes.And | nodes.Or):
        yield from _printed_problems(node.left, scope)
        yield from _printed_problems(node.right, scope)
    elif isinstance(node, nodes.Filter):
        for each in (node.node, *node.args[:1]) if node.name == "default" else ():
            yield from _printed_problems(each, scope)
    elif isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
        kind = _result(node, scope)
        if isinstance(kind, list):
            yield f"占位符 {{{{ {_written(node)} }}}} 是一个列表，请用 for 逐行列出。"
        elif isinstance(kind, bool):
            yield f"占位符 {{{{ {_written(node)} }}}} 是“是”或“否”，请用 {{% if {_written(node)} %}} 写出文字。"
    elif isinstance(node, nodes.Const):
        if isinstance(node.value, bool) or not isinstance(node.value, str | int):
            yield "{{ }} 中只能印文字、整数和占位符。"
    elif isinstance(node, nodes.Compare | nodes.Not | nodes.Test):
        yield "判断的结果不能直接印出，请用 {% if 判断 %} 写出文字。"


def _kind_of(node: nodes.Node, scope: Scope) -> tuple[str, Any]:
    """A problem or what a name stands for in the schema."""
    if isinstance(node, nodes.Name):
        if node.name in scope:
            return "", scope[node.name]
        return f"占位符“{node.name}”不存在{_meant(node.name, scope)}。", None
    if isinstance(node, nodes.Getattr):
        name, of = node.attr, node.node
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        name, of = node.arg.value, node.node
    else:
        return "占位符只能写成 名称 或 行.名称。", None
    problem, kind = _kind_of(of, scope)
    if problem or kind is _ANYTHING:
        return problem, kind
    if not isinstance(kind, Mapping):
        return f"占位符“{_written(node)}”不存在：“{_written(of)}”下面没有项目。", None
    if name not in kind:
        return f"占位符“{_written(node)}”不存在{_meant(name, kind)}。", None
    return "", kind[name]


def _meant(name: str, known: Scope) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"，是不是“{near[0]}”" if near else ""


def _written(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_written(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{_written(node.node)}.{node.arg.value}"
    return "（算式）"


def _first_name(node: nodes.Node) -> str:
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else ""
