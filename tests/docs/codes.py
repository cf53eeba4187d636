"""Which codes the code uses: read from its source."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def find_codes(bases: set[str]) -> Mapping[str, set[str]]:
    """First text argument of each construction of one of these classes in `cdc/`, by class.

    A choice (`"a" if … else "b"`) counts as both.
    """
    found: dict[str, set[str]] = {base: set() for base in bases}
    for file in sorted((ROOT / "cdc").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                for text in _texts(node.args[0]):
                    found.get(node.func.id, set()).add(text)
    return found


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
