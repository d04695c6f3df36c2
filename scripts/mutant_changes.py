"""What a mutant is: one change of one file, on the same lines as before."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
SKIPPED = (ast.Import, ast.ImportFrom)
NO_BEHAVIOUR = ("frozen", "slots", "strict")
"""Keywords that only refuse what nobody does: a frozen object changed, a zip of unequal lengths."""
CONDITIONS = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.NamedExpr)


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        line: Where it is, counted from 1.
        told: What stood there, and what stands there now.
        source: The whole file with it.
        inside: Whether it is inside of a function, not in what runs when the file is imported.
    """

    line: int
    told: str
    source: str
    inside: bool


def sites(source: str) -> list[tuple[int, int]]:
    """Return every change that a file has: the number of a node, and which of its changes."""
    nodes = enumerate(_code(ast.parse(source)))
    return [(number, change) for number, (node, _) in nodes for change in range(_changes(node))]


def mutants(source: str, wanted: Iterable[tuple[int, int]]) -> list[Mutant]:
    """Make changes of a file: operators, numbers, conditions, keywords left out."""
    tree = ast.parse(source)
    nodes = list(_code(tree))
    found = []
    for number, change in wanted:
        node, inside = nodes[number]
        changed = copy.deepcopy(tree)
        target = [each for each, _ in _code(changed)][number]
        _mutate(target, change)
        told = f"{_short(node)} -> {_short(target)}"
        text = _in_place(source, node, target, changed)
        line = getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 0)
        found.append(Mutant(line, told, text, inside))
    return found


def is_inside(source: str, line: int) -> bool:
    """Return whether a line is inside of a function's body."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [each for each in ast.walk(ast.parse(source)) if isinstance(each, functions)]
    return any(each.body[0].lineno <= line <= (each.end_lineno or 0) for each in found)


def _short(node: ast.AST) -> str:
    if isinstance(node, ast.comprehension):
        return " ".join(f"if {ast.unparse(test)}" for test in node.ifs)
    if isinstance(node, ast.If | ast.While):
        return f"if {ast.unparse(node.test)}"
    return ast.unparse(node)


def _in_place(source: str, node: ast.AST, target: ast.AST, changed: ast.AST) -> str:
    """Write the one changed expression in its place, so that all lines keep their numbers.

    A field's docstring is found by its line. Where that cannot be done (an f-string, whose parts
    have no place of their own before Python 3.12) the whole file is written anew.
    """
    ast.fix_missing_locations(changed)
    whole = ast.unparse(changed)
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        node, target = node.test, target.test  # type: ignore[attr-defined]
    if not isinstance(node, ast.expr) or not isinstance(target, ast.expr):
        return whole
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset or 0 :]
    middle = f"({ast.unparse(target)}{chr(10) * (last - first)})".encode()
    text = b"".join([*lines[:first], before, middle, after, *lines[last + 1 :]]).decode()
    try:
        same = ast.dump(ast.parse(text)) == ast.dump(ast.parse(whole))
    except SyntaxError:
        return whole
    return text if same else whole


def _code(node: ast.AST, inside: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Yield what runs, in a fixed order: no imports, no annotations, no docstrings."""
    function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        within = inside or (function and name == "body")
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, SKIPPED) or _is_idle(child):
                continue
            yield child, within
            yield from _code(child, within)


def _is_idle(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in NO_BEHAVIOUR
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _changes(node: ast.AST) -> int:
    """Return in how many ways a node can be changed."""
    match node:
        case ast.Compare(ops=ops):
            return len([op for op in ops if type(op) in SWAPS])
        case ast.BinOp(op=op) | ast.BoolOp(op=op):
            return int(type(op) in SWAPS)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            return 1
        case ast.Constant(value=bool() | int() | float()):
            return 1
        case ast.Call():
            return len(_droppable(node))
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            return int(isinstance(test, CONDITIONS))
        case ast.comprehension(ifs=ifs):
            return len([test for test in ifs if isinstance(test, CONDITIONS)])
        case _:
            return 0


def _droppable(node: ast.Call) -> list[int]:
    """Return the places of the keywords that can be left out."""
    named = enumerate(node.keywords)
    return [place for place, keyword in named if keyword.arg not in NO_BEHAVIOUR]


def _mutate(node: ast.AST, change: int) -> None:
    match node:
        case ast.Compare():
            place = [place for place, op in enumerate(node.ops) if type(op) in SWAPS][change]
            node.ops[place] = SWAPS[type(node.ops[place])]()  # type: ignore[call-overload]
        case ast.BinOp() | ast.BoolOp():
            node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
        case ast.UnaryOp(op=ast.Not()):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.UnaryOp():
            node.op = ast.UAdd()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int() | float() as number):
            node.value = number + 1
        case ast.Call():
            del node.keywords[_droppable(node)[change]]
        case ast.If() | ast.While() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.comprehension():
            places = [place for place, test in enumerate(node.ifs) if isinstance(test, CONDITIONS)]
            node.ifs[places[change]] = ast.UnaryOp(ast.Not(), node.ifs[places[change]])
