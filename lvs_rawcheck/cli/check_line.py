# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of one check of any kind: `KIND REAL_SERVER VIP[:PORT][,...] [PORT] [options] [--next [options]]...`

What follows a `--next` is another check of the same kind, on a connection of its own, once the one before it passed.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import NO_PORT
from lvs_rawcheck.checks.kinds import KINDS, load_kind
from lvs_rawcheck.checks.parameters import Values
from lvs_rawcheck.cli.arguments import COMMON_OPTIONS, build_request
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import HELP_WORDS, CommandLine, HelpWanted, Option, parse
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.kind import Kind, Step
    from lvs_rawcheck.checks.request import Request

NEXT = "--next"
_OF_NEXT = f"After {NEXT} comes another check of this kind, on a connection of its own; its options begin anew."
POSITIONALS = "REAL_SERVER VIP[:PORT][,...] [PORT]"


def read_check(arguments: list[str], more_options: Sequence[Option] = ()) -> tuple[Request, CommandLine]:
    """Return the request that a command line makes, and the line itself for the options that are not the check's.

    UsageError: it cannot be meant. LinkError: a library that the kind needs is missing here. HelpWanted.
    """
    if not arguments:
        raise UsageError(f"wanted: a kind of check ({', '.join(KINDS)})")
    if len(arguments) == 1 and arguments[0] in HELP_WORDS:
        raise HelpWanted
    kind = load_kind(arguments[0], import_site_packages)
    first, *following = _split(arguments[1:])
    own = kind_options(kind)
    line = parse(first, (*COMMON_OPTIONS, *more_options, *own))
    steps = [_step(kind, line), *(_further_step(kind, words, own) for words in following)]
    return build_request(kind.name, steps, line, None if kind.speaks_to_port else NO_PORT), line


def kind_options(kind: Kind) -> tuple[Option, ...]:
    """Return a kind's parameters as options."""
    return tuple(
        Option("", each.name.replace("_", "-"), each.metavar, each.help, each.convert, each.default, each.many)
        for each in kind.parameters
    )


def _split(arguments: list[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for word in arguments:
        if word == NEXT:
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def _further_step(kind: Kind, words: list[str], own: Sequence[Option]) -> Step:
    try:
        line = parse(words, own)
    except HelpWanted as wanted:
        raise UsageError(f"{words[0]} asks for help only where it stands alone") from wanted
    if line.positionals:
        raise UsageError(f"after {NEXT} there are options of the kind only: {line.positionals[0]!r}")
    return _step(kind, line)


def _step(kind: Kind, line: CommandLine) -> Step:
    return kind.prepare(Values({each.name: line.values[each.name] for each in kind.parameters}))


def help_of_check(program: str, arguments: list[str], description: str, more_options: Sequence[Option] = ()) -> str:
    """Return the help of a command that makes a check: of the kind that `arguments` begin with, else in general."""
    from lvs_rawcheck.cli.options import help_text

    if not arguments or arguments[0] not in KINDS:
        described = f"{description}\n\nKIND: {', '.join(KINDS)}\n`{program} KIND --help` tells a kind's own options."
        return help_text(f"{program} KIND", POSITIONALS, described, (*COMMON_OPTIONS, *more_options))
    kind = load_kind(arguments[0], import_site_packages)
    described = f"{description}\n\nHealthy: {kind.summary}.\n{_OF_NEXT}"
    options = (*kind_options(kind), *COMMON_OPTIONS, *more_options)
    positionals = f"{POSITIONALS} [{NEXT} [options of the kind]]..."
    return help_text(f"{program} {kind.name}", positionals, described, options)
