# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of `generate`'s command line that says where things are put, and whether at all."""

from __future__ import annotations

from lvs_rawcheck.cli.options import CommandLine, Option
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.tree import Tree

WRITE_OPTIONS = (
    Option("", "write", None, "write it, after every check was tried once from here"),
    Option("", "accept-down", "ID", "write, though this check fails a server that gets traffic", many=True),
    Option("", "force", None, "write, whatever the checks found"),
    Option("", "no-probe", None, "try no check"),
    Option("", "root", "DIR", "write into this tree, for another host: no check is tried"),
    Option("", "revert", None, "plan (with --write: write) what was there before our stanzas"),
)
_OF_WRITING = frozenset(("--write", "--force", "--no-probe"))
_ACCEPT = "--accept-down"


def demand_meaningful(line: CommandLine) -> None:
    """Raise UsageError for options that do not go together."""
    values = line.values
    if values["write"] and values["check"]:
        raise UsageError("--check says only whether anything would change: it does not go with --write")
    for key in ("force", "no_probe", "accept_down"):
        if values[key] and not values["write"]:
            raise UsageError(f"--{key.replace('_', '-')} goes with --write")


def tree_of(line: CommandLine) -> Tree:
    """Return where files are put; UsageError."""
    root = line.values["root"]
    return Tree(None if root is None else str(root))


def source_of(line: CommandLine) -> str:
    """Return the path of the configuration that is read; in a tree an absolute symbolic link means the tree's."""
    _, path = line.positionals  # plan_options.program_of has seen to it
    tree = tree_of(line)
    return tree.place(path) if tree.holds(path) else path


def plan_words(arguments: list[str]) -> list[str]:
    """Return a command line without what concerns the writing alone."""
    words = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == _ACCEPT:
            del rest[:1]
        elif word not in _OF_WRITING and not word.startswith(f"{_ACCEPT}="):
            words.append(word)
    return words
