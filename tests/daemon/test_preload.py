# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade takes the daemon's modules away under it: once it has started it loads none any more."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from lvs_rawcheck.checks import kinds

CHECKOUT = Path(__file__).resolve().parents[2]
START = """
import json, sys
sys.path.insert(0, {checkout!r})
from lvs_rawcheck.cli import daemon_user, main
from lvs_rawcheck.cli.libraries import import_site_packages
import_site_packages()
from lvs_rawcheck.daemon import whole
from lvs_rawcheck.daemon.preload import import_all
assert import_all() == []
json.dump({{name: getattr(module, "__file__", None) for name, module in sys.modules.items()}}, sys.stdout)
"""
# The program's first steps and its help: over when the daemon starts, or its end.
NOT_OF_THE_DAEMON = ("lvs_rawcheck.cli.",)
IMPORTERS = ("__import__", "import_module", "importlib.import_module")


def loaded() -> dict[str, str | None]:
    """Return the modules of a process that has done what the daemon does as it starts, each with its file."""
    words = [sys.executable, "-IS", "-c", START.format(checkout=str(CHECKOUT))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    modules: dict[str, str | None] = json.loads(done.stdout)
    return modules


def imports_of(path: Path) -> set[tuple[str, int]]:
    """Return what a file imports anywhere, functions included, with the line; not what only types are made of."""
    found = set()
    for node in _run_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {(alias.name, node.lineno) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "", node.lineno))
    return found


def _run_nodes(node: ast.AST) -> list[ast.AST]:
    nodes = [node]
    for child in ast.iter_child_nodes(node):
        only_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        nodes += [] if only_types else _run_nodes(child)
    return nodes


def test_whatever_any_of_its_modules_may_import_is_there() -> None:
    modules = loaded()
    ours = {name: file for name, file in modules.items() if name.startswith("lvs_rawcheck.") and file}
    assert len(ours) > 150
    missing = [
        f"{name}:{line}: {wanted}"
        for name, file in ours.items()
        if not name.startswith(NOT_OF_THE_DAEMON)
        for wanted, line in imports_of(Path(str(file)))
        if wanted not in modules
        and (name, wanted) != ("lvs_rawcheck.daemon.metrics_server", "lvs_rawcheck.daemon.metrics")
    ]
    assert missing == []


def test_so_are_those_that_are_called_by_a_text() -> None:
    """What `imports_of` cannot see: texts that stand there, and the table of kinds."""
    callers = {}
    for path in (CHECKOUT / "lvs_rawcheck").rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        words = [ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) in IMPORTERS]
        if words and path.name not in ("kinds.py", "preload.py", "main.py"):  # the command line is over by then
            callers[path.name] = words
    assert callers == {"tls_parameters.py": ["'lvs_rawcheck.tls.certificate'"], "reach.py": ["'re._parser'"]}
    modules = loaded()
    assert {ast.literal_eval(name) for names in callers.values() for name in names} <= modules.keys()
    assert {f"lvs_rawcheck.checks.{kind}" for kind in kinds._MODULES.values()} <= modules.keys()
