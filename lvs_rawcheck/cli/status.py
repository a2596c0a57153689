# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck status`: what the daemon knows of every check."""

from __future__ import annotations

import json
import os
import select
import sys
from signal import SIGINT, default_int_handler, signal

from lvs_rawcheck import clock
from lvs_rawcheck.cli.arguments import STATE_DIR
from lvs_rawcheck.cli.options import Option, parse
from lvs_rawcheck.cli.output import one_sentence, say
from lvs_rawcheck.cli.reporting import Reporting
from lvs_rawcheck.cli.status_text import Check, Told, status_text
from lvs_rawcheck.director.control_socket import ControlConnection
from lvs_rawcheck.errors import LinkError, UsageError

ALL_WELL, NOT_ALL_WELL, COULD_NOT = 0, 1, 2
_SECONDS_TO_ANSWER = 2.0  # for each of its lines: there may be thousands
_WATCH_SECONDS = 2.0
_HOME_AND_CLEAR = "\033[H\033[2J"  # ECMA-48, CUP and ED
_DESCRIPTION = """\
Show what the daemon knows of every check: its verdict, the reason, since when, how long the last run took, when the
next is, and whether the verdict is held without or against what was found. Exit status 0: every server is up. 1: one is
down, unknown, or held, or a service file cannot be used. 2: no daemon answers."""
_OPTIONS = (
    Option("", "watch", None, f"show it again every {_WATCH_SECONDS:g} seconds, until Ctrl-C"),
    Option("", "json", None, "print one JSON object"),
    Option("", "state", "DIR", f"where the daemon's socket is (default: {STATE_DIR})", default=STATE_DIR),
)


def run(arguments: list[str]) -> int:
    """Run `status` with what follows it on the command line; return the exit status."""
    return Reporting("status", "", _DESCRIPTION, _OPTIONS).end(lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    line = parse(arguments, _OPTIONS)
    if line.positionals:
        raise UsageError(f"what is this: {line.positionals[0]!r}")
    state_dir, as_json = str(line.values["state"]), bool(line.values["json"])
    if line.values["watch"]:
        return _watch(state_dir, as_json)
    told = ask_status(state_dir)
    say(status_text(told, state_dir, as_json))
    return _exit_status(told)


def ask_status(state_dir: str) -> Told:
    """Return all that the daemon tells; LinkError."""
    checks: list[Check] = []
    faults: list[object] = []
    with ControlConnection(state_dir, clock.now() + _SECONDS_TO_ANSWER) as connection:
        connection.ask({"op": "status"})
        while True:
            connection.deadline = clock.now() + _SECONDS_TO_ANSWER
            line = connection.next_line()
            if "checks" in line:
                break
            if "fault" in line:
                faults.append(line["fault"])
            else:
                checks.append(line)
    if line["checks"] != len(checks):
        raise LinkError(f"the daemon told {len(checks)} checks of {line['checks']}")
    return Told(checks, [fault for fault in faults if isinstance(fault, dict)], line)


def _exit_status(told: Told) -> int:
    well = all(check.get("healthy") is True and not check.get("held") for check in told.checks)
    return ALL_WELL if well and not told.faults else NOT_ALL_WELL


def _look(state_dir: str, as_json: bool) -> tuple[int, str]:
    """Return exit status and text, where there is no daemon too."""
    try:
        told = ask_status(state_dir)
    except LinkError as error:
        sentence = one_sentence(str(error))
        return COULD_NOT, json.dumps({"error": sentence}) if as_json else sentence
    return _exit_status(told), status_text(told, state_dir, as_json)


def _watch(state_dir: str, as_json: bool) -> int:
    """Show it again and again, also while the daemon is away; return the last exit status when told to stop."""
    signal(SIGINT, default_int_handler)
    status = COULD_NOT
    clear = _HOME_AND_CLEAR if sys.stdout.isatty() and not as_json else ""
    try:
        while True:
            status, text = _look(state_dir, as_json)
            sys.stdout.write(f"{clear}{text}\n")
            sys.stdout.flush()
            select.select((), (), (), _WATCH_SECONDS)
    except KeyboardInterrupt:
        return status
    except OSError:  # whoever read has gone: nothing more is to be written, at the interpreter's end neither
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return status
