# SPDX-License-Identifier: GPL-2.0-or-later
"""From a program's name and arguments to a command."""

from __future__ import annotations

import sys

from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY, ignore_signals, never_die_by_signal, verdict_given
from lvs_rawcheck.cli.output import complain, one_sentence, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

USAGE = """\
usage: lvs-rawcheck COMMAND ...

  check KIND REAL_SERVER VIP[:PORT][,...] [PORT]    one check, now: exit status 0 healthy, 1 anything else
  run ID                                            the same for a check of the registry, SERVICE/REAL_SERVER
  explain KIND REAL_SERVER VIP PORT                 the same, packet by packet, with the cause of a failure
  audit [CONFIG...]                                 every VIP at every real server asked: what is wrong, the fix
  mode [SERVICE|--all] [MODE]                       whether raw checks decide, only observe, or are not sent
  generate keepalived|ldirectord FILE               plan raw checks for a configuration, and show the difference
  generate scripts                                  put the scripts in place that these and Pacemaker call
  role [INSTANCE]                                   master or backup: by the role files, and by the VIPs held
  notify ROLE INSTANCE                              write a role file by hand
  daemon                                            run every check of the registry, until told to stop
  status                                            what the daemon knows of every check
  shadow                                            run the registry, tell nobody, compare with the IPVS table
  verify [CONFIG]                                   whether keepalived really runs what is planned
  doctor [CONFIG]                                   what on this host would make checks lie or fail

`lvs-rawcheck check --help` lists the kinds, `lvs-rawcheck check KIND --help` tells the options of one."""

_DROP_INS = ("check_tcp_raw", "check_http_get_raw", "check_http_raw")
_WITH_LIBRARIES = ("explain", "audit", "doctor", "generate")
"""Those whose modules import Debian's libraries."""
_SUBCOMMANDS = ("check", "run", "mode", "role", "notify", "daemon", "status", "shadow", "verify", *_WITH_LIBRARIES)


def main() -> int:
    """Run the command that sys.argv names; return its exit status, 0 or 1."""
    return run_as(sys.argv[0].rsplit("/", 1)[-1])


def run_as(program: str) -> int:
    """Run a program with the arguments of sys.argv, whatever our file is called; return its exit status, 0 or 1."""
    never_die_by_signal()
    try:
        status = _command(program)(sys.argv[1:])
    except Exception as error:  # ours, whatever it is: keepalived shows nobody a traceback, the log a sentence
        status = _fail(program, error)
    ignore_signals()
    return status


def _fail(program: str, error: Exception) -> int:
    from lvs_rawcheck.director.system_log import LOG_ERR, log_line

    status, why = _last_resort()
    verdict_given(status)
    is_sentence = type(error).__module__ == "lvs_rawcheck.errors"  # which is not imported: it may be what is broken
    fault = str(error) if is_sentence else f"internal error: {type(error).__name__}: {error}"
    sentence = f"{one_sentence(f'cannot-judge: {fault}')}{why}"
    complain(f"{program}: {sentence}")
    log_line(LOG_ERR, sentence)
    return status


def _last_resort() -> tuple[int, str]:
    """Return the exit status, and why it is that: a broken checker empties no pool."""
    try:
        from lvs_rawcheck.cli.last_resort import answer

        status, why = answer(sys.argv)
    except Exception:  # it is broken, too
        return UNHEALTHY, ""
    return status, f"; {why}" if why else ""


def _command(program: str) -> Callable[[list[str]], int]:
    return _run_of(program) if program in _DROP_INS else _subcommand


def _run_of(name: str) -> Callable[[list[str]], int]:
    """Return what runs a command: `run` of the module that has its name. No other command's module is loaded."""
    run: Callable[[list[str]], int] = __import__(f"lvs_rawcheck.cli.{name}", fromlist=("run",)).run
    return run


def _subcommand(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name in _WITH_LIBRARIES:
        from lvs_rawcheck.cli.libraries import import_site_packages

        import_site_packages()
    if name in _SUBCOMMANDS:
        return _run_of(name)(arguments[1:])
    # Alone only: both exit 0, and so would a slip in the place of a check.
    if arguments in (["-h"], ["--help"]):
        say(USAGE)
        return HEALTHY
    if arguments in (["-V"], ["--version"]):
        from lvs_rawcheck import __version__

        say(f"lvs-rawcheck {__version__}")
        return HEALTHY
    verdict_given(UNHEALTHY)
    complain(USAGE)
    complain(f"lvs-rawcheck: no such command: {name!r}" if name else "lvs-rawcheck: no command given")
    return UNHEALTHY
