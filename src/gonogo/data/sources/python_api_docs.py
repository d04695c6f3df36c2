"""Docstrings of a source file by its syntax tree alone; nothing is imported or run."""

from __future__ import annotations

import ast
import re
import string
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Documented:
    """A public name with its docstring.

    Attributes:
        name: qualified, private modules written without their underscores.
        signature: ``(a, b=1) -> int``, or empty.
        docstring: as written.
    """

    name: str
    signature: str
    docstring: str


def documented(module: str, path: Path) -> Iterator[Documented]:
    """Yield every public name of a file that has a docstring; a file that does not parse has none.

    Docstrings that numpy (``add_newdoc``) and torch (``add_docstr``) attach to compiled functions
    are among them.
    """
    source = path.read_bytes()
    if b'"""' not in source and b"'''" not in source:
        return  # far faster than parsing, and one-line docstrings have no rest anyway
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's sources
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    shown = ".".join(part.lstrip("_") or part for part in module.split("."))
    docstring = ast.get_docstring(tree, clean=False)
    if docstring:
        yield Documented(shown, "", docstring)
    yield from _members(tree.body, shown)
    if b"add_newdoc" in source or b"add_docstr" in source:
        yield from _attached(tree, shown)


def _members(body: list[ast.stmt], prefix: str) -> Iterator[Documented]:
    """Yield public functions and classes, also below ``if`` and ``try`` at this level."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _members(node.body + node.orelse, prefix)
        if not isinstance(node, (*_Function, ast.ClassDef)) or node.name.startswith("_"):
            continue
        name = f"{prefix}.{node.name}"
        docstring = ast.get_docstring(node, clean=False)
        if docstring:
            yield Documented(name, _signature(node), docstring)
        if isinstance(node, ast.ClassDef):
            yield from _members(node.body, name)


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        inits = [n for n in node.body if isinstance(n, _Function) and n.name == "__init__"]
        return _arguments(inits[0].args) if inits else ""
    if any(isinstance(d, ast.Name) and "property" in d.id for d in node.decorator_list):
        return ""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return _arguments(node.args) + returns


def _arguments(arguments: ast.arguments) -> str:
    return "(" + re.sub(r"^(self|cls)(, /)?(, |$)", "", ast.unparse(arguments)) + ")"


def _attached(tree: ast.Module, module: str) -> Iterator[Documented]:
    """Yield what ``add_newdoc(place, name, doc)`` and ``add_docstr(target, doc)`` attach."""
    assigned = {
        id(node.value): node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        function = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        own = assigned.get(id(node))
        match function.lstrip("_"), node.args:
            case "add_newdoc", [ast.Constant(str(place)), ast.Constant(str(name)), doc, *_]:
                pairs = _newdoc(f"{place}.{name}", doc)
            case "add_docstr", [_, doc, *_] if own:
                pairs = [(f"{module}.{own}", doc)]
            case "add_docstr", [target, doc, *_]:
                pairs = [(ast.unparse(target), doc)]
            case "add_docstr_all", [ast.Constant(str(name)), doc, *_]:
                pairs = [(f"torch.Tensor.{name}", doc)]
            case _:
                continue
        for name, doc in pairs:
            parts = [part.lstrip("_") for part in name.split(".")]
            text = _literal(doc)
            if text and not name.rsplit(".", 1)[-1].startswith("_"):
                yield Documented(".".join(parts), "", text)


def _newdoc(name: str, doc: ast.expr) -> list[tuple[str, ast.expr]]:
    """Unfold numpy's third argument: a text, (method, text), or a list of such pairs."""
    match doc:
        case ast.Tuple([ast.Constant(str(method)), text]):
            return [(f"{name}.{method}", text)]
        case ast.List(items):
            return [pair for item in items for pair in _newdoc(name, item)]
        case _:
            return [(name, doc)]


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _literal(node: ast.expr) -> str:
    """Return the text of literals, their sums and ``.format`` calls, placeholders left blank."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.BinOp(left, ast.Add(), right):
            return _literal(left) + _literal(right)
        case ast.Call(ast.Attribute(ast.Constant(str(text)), "format")):
            try:
                return string.Formatter().vformat(text, (), _Blank())
            except (ValueError, IndexError, LookupError, AttributeError):
                return ""
        case ast.Call(ast.Attribute(inner, ("strip" | "lstrip" | "rstrip"))):
            return _literal(inner)
        case _:
            return ""
