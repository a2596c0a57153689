# SPDX-License-Identifier: GPL-2.0-or-later
"""Imports point down: the picture of the packages, held by reading every import with ast."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "lvs_rawcheck"

# Packages of one row do not know each other; each may import the rows below it, and itself.
ROWS = (
    {"errors", "clock"},
    {"wire"},
    {"link", "tcp", "neighbor", "tls", "config", "director"},
    {"checks"},
    {"registry"},
    {"generate"},
    {"daemon", "diagnose"},
    {"cli"},
)
ROW_OF = {name: row for row, names in enumerate(ROWS) for name in names}
# Only there may a module be imported that costs more than a check; scapy is for tests.
HEAVY: dict[str, set[str]] = {"scapy": set()}

MODULES = sorted((ROOT / PACKAGE).rglob("*.py"))


def package_of(name: str) -> str:
    """Return the package or top module of ours that a dotted name lies in; "" for the root itself."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Yield every module named by an import, wherever it stands: in a function or for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they point"
            module = node.module or ""
            if module == PACKAGE:
                yield from (f"{PACKAGE}.{alias.name}" for alias in node.names)
            else:
                yield module


def violations(importer: str, names: Iterator[str]) -> list[str]:
    """Return what a module of the package `importer` imports and may not."""
    found = []
    for name in names:
        top = name.split(".")[0]
        if top in HEAVY and importer not in HEAVY[top]:
            found.append(f"{name}: only in {', '.join(sorted(HEAVY[top])) or 'tests'}")
        if top != PACKAGE or importer == "":
            continue
        target = package_of(name)
        if target in ("", "__version__", importer):
            continue
        if target not in ROW_OF or ROW_OF[target] >= ROW_OF[importer]:
            found.append(f"{importer} (row {ROW_OF[importer]}) imports {name}")
    return found


def importer_of(path: Path) -> str:
    """Return the package or top module that a file belongs to, "" for the root's own files."""
    first = path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")
    return "" if first.startswith("__") else first


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    importer = importer_of(path)
    assert importer == "" or importer in ROW_OF, f"{importer} has no row"
    assert violations(importer, imported_names(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("tcp", "from lvs_rawcheck.tls.session import Session"),
        ("wire", "import lvs_rawcheck.link.packet"),
        ("director", "from lvs_rawcheck.checks.base import Result"),
        ("registry", "def late():\n    from lvs_rawcheck import cli"),
        ("checks", "if TYPE_CHECKING:\n    from lvs_rawcheck.registry.vips import RegistryVips"),
        ("daemon", "from lvs_rawcheck.diagnose import signatures"),
        ("checks", "from lvs_rawcheck.surprise import box"),
        ("cli", "import scapy.all"),
    ],
)
def test_imports_that_do_not_are_found(importer: str, line: str) -> None:
    assert violations(importer, imported_names(ast.parse(line)))


def test_clock_is_the_only_one_that_reads_the_time() -> None:
    readers = [path.name for path in MODULES if "time" in set(imported_names(ast.parse(path.read_text())))]
    assert readers == ["clock.py"]
