# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command says of itself: its `--help`, read as options and positionals."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache

from tests.package.man_page import CHECKOUT

_RUN = "import sys; from lvs_rawcheck.cli.main import run_as; sys.argv = sys.argv[1:]; sys.exit(run_as(sys.argv[0]))"
_DEFAULT = re.compile(r"\((?:\w+; )?default:? ([^);]*)")
_INVOCATION = re.compile(r"(?P<option>--?[\w?-]+)(?: (?P<value>'[^']*'|[^\s,]+(?:,[^\s,]+)*))?")
_IN_USAGE = re.compile(r"\[(?P<option>-\w)(?: (?P<value>[A-Z]+))?\]")


@dataclass(frozen=True)
class HelpOption:
    """One option. default: what is said of it, "" where the words only say which it is, None without one."""

    names: tuple[str, ...]
    value: str | None
    text: str
    default: str | None


@cache
def help_of(*words: str) -> str:
    """Return what a command prints when it is asked for help, a line for each option."""
    done = subprocess.run(
        [
            "/usr/bin/python3",
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {_RUN}",
            *words,
            "--help",
        ],
        env={**os.environ, "COLUMNS": "10000"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def commands() -> dict[str, list[str]]:
    """Return the commands that `lvs-rawcheck --help` lists, and what each line says after the name."""
    found: dict[str, list[str]] = {}
    for line in re.findall(r"^  (\w+ .*)$", help_of("lvs-rawcheck"), re.MULTILINE):
        name, _, rest = line.partition(" ")
        found.setdefault(name, []).append(re.split(r"\s{2,}", rest)[0])
    return found


def usage_of(*words: str) -> str:
    """Return the first line of a command's help."""
    return help_of(*words).split("\n", 1)[0]


def options_of(*words: str) -> list[HelpOption]:
    """Return the options of a command."""
    text = help_of(*words)
    options = [_option(*line) for line in _lines(text.partition("\noptions:\n")[2])]
    named = {name for option in options for name in option.names}
    of_usage = [
        HelpOption((found["option"],), found["value"], text, _default(text))
        for found in _IN_USAGE.finditer(usage_of(*words))
    ]
    return options + [option for option in of_usage if option.names[0] not in named]


def _lines(text: str) -> list[tuple[str, str]]:
    """Return each option's invocation and words, which stand on the next line where the invocation is long."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("  -"):
            invocation, _, words = line.strip().partition("  ")
            found.append((invocation, words.strip()))
        elif found and line.strip():
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}".strip())
    return found


def _option(invocation: str, words: str) -> HelpOption:
    names, value = [], None
    for found in _INVOCATION.finditer(invocation):
        names.append(found["option"])
        value = found["value"] or value
    return HelpOption(tuple(names), value, words, _default(words))


def _default(words: str) -> str | None:
    found = _DEFAULT.search(words)
    if found is not None:
        return found[1]
    return "" if "default)" in words else None
