"""What the figures of docs/climate.md follow from: a digest of the code of law, room and loop, as a mark on the page.

Comments, documentation, formatted texts, imports and the names of functions, classes and variables do not count, so
code that is only renamed or explained keeps its digest. Everything else may change a figure. Python's own names stay:
``min`` is no ``max``.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = (
    *(f"services/climate_controller/core/{name}.py" for name in ("effects", "estimate", "law", "levels", "limits")),
    *(f"services/climate_controller/core/{name}.py" for name in ("tick", "state", "targets")),
    *(f"shared/climate/{name}.py" for name in ("noise", "psychrometrics", "room", "room_devices", "room_presets")),
    *(f"shared/climate/{name}.py" for name in ("room_weather", "zones")),
    *(f"upskeep/simulation/{name}.py" for name in ("figures", "loop")),
    *(f"tools/climate/{name}.py" for name in ("scenarios", "simple_laws")),
)


def of_page() -> str:
    """Return the digest of the code as it is now."""
    return digest((ROOT / path).read_text(encoding="utf-8") for path in CODE)


def digest(modules: Iterable[str]) -> str:
    """Return what changes with every module that decides otherwise, whatever the order of the modules."""
    parts = sorted(_essence(text) for text in modules)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _essence(text: str) -> str:
    names: dict[str, str] = {}
    tree = ast.parse(text)
    _Stripped(names).visit(tree)
    return ast.unparse(tree)


class _Stripped(ast.NodeTransformer):
    """Takes from a module what no figure follows from; own names become numbers, in the order they are first met."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit(self, node: ast.AST) -> ast.AST | None:
        """Return a node without docstrings, imports and names of its own."""
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                return None
            case ast.JoinedStr():  # words for people, and every Python writes them otherwise
                return ast.Constant("")
            case ast.FunctionDef() | ast.ClassDef():
                node.name = self._number(node.name)
            case ast.Name():
                node.id = self._number(node.id)
            case ast.arg():
                node.arg = self._number(node.arg)
        return self.generic_visit(node)

    def _number(self, name: str) -> str:
        return name if hasattr(builtins, name) else self.names.setdefault(name, f"name{len(self.names)}")
