# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck shadow`: the registry's checks run without anybody listening, and compared with the IPVS table."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from lvs_rawcheck import clock
from lvs_rawcheck.cli.arguments import FOLDER_OPTIONS
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, Option, parse
from lvs_rawcheck.cli.output import one_sentence, say
from lvs_rawcheck.cli.reporting import Reporting
from lvs_rawcheck.director.ipvs import IpvsTable, read_table
from lvs_rawcheck.errors import ConfigError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.daemon.shadow import Difference, Shadow

NO_DIFFERENCE, DIFFERENCES, COULD_NOT = 0, 1, 2
_SECONDS_DEFAULT, _SECONDS_MOST = 60.0, 86400.0 * 7
_HEAD = ("check", "raw check", "reason", "server", "differed for", "now")
_DESCRIPTION = """\
Run the registry's checks in this process, tell nobody, and say where raw verdicts differ from the IPVS table: a line as
each comes and goes, a table at the end, or when it is interrupted. Exit status 0: no difference was seen, 1: there was
one, 2: it could not be compared, or not all of the registry."""


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= _SECONDS_MOST:
        raise UsageError(f"not a number of seconds above 0, at most {_SECONDS_MOST:.0f}: {text!r}")
    return value


OPTIONS = (
    *FOLDER_OPTIONS,
    Option("", "for", "SECONDS", f"how long (default: {_SECONDS_DEFAULT:.0f})", _seconds, _SECONDS_DEFAULT),
    Option("", "json", None, "print one JSON object at the end, and nothing else"),
)


def run(arguments: list[str], read: Callable[[], IpvsTable] = read_table) -> int:
    """Run `shadow` with what follows it on the command line; return the exit status. read: the table."""
    return Reporting("shadow", "", _DESCRIPTION, OPTIONS).end(lambda: _run(arguments, read))


def _run(arguments: list[str], read: Callable[[], IpvsTable]) -> int:
    line = parse(arguments, OPTIONS)
    if line.positionals:
        raise UsageError(f"what is this: {line.positionals[0]!r}")
    return _shadow(line, read)


def _shadow(line: CommandLine, read: Callable[[], IpvsTable]) -> int:
    import_site_packages()
    from lvs_rawcheck.daemon.service import Daemon
    from lvs_rawcheck.daemon.shadow import Shadow

    as_json = bool(line.values["json"])
    seconds = line.values["for"]
    assert isinstance(seconds, float)
    services = str(line.values["services"])
    with closing(Daemon(services, str(line.values["state"]), import_site_packages)) as daemon:
        daemon.load()
        if not daemon.engine.checks:
            raise ConfigError(services, 0, 0, "no check to run")
        shadow = Shadow(daemon, read, _silent if as_json else _say_difference)
        with _until_told() as is_over:
            shadow.run(seconds, is_over)
        faults = [str(fault) for fault in daemon.roster.faults]
        total = len(daemon.engine.checks)
    say(json.dumps(_to_dict(shadow, total, faults), indent=2) if as_json else "\n".join(_lines(shadow, total)))
    if shadow.differences:
        return DIFFERENCES
    return COULD_NOT if faults or not shadow.compared else NO_DIFFERENCE


@contextmanager
def _until_told() -> Iterator[Callable[[], bool]]:
    """Yield whether somebody has ended it: what was found until then is still shown."""
    ended: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, lambda number, _: ended.append(number))
    try:
        yield lambda: bool(ended)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silent(_: Difference) -> None:
    return None


def _say_difference(difference: Difference) -> None:
    say(one_sentence(str(difference)))


def _lines(shadow: Shadow, total: int) -> list[str]:
    lines = []
    if shadow.differences:
        from lvs_rawcheck.cli.table import table_text

        lines += ["", table_text(_HEAD, [_row(each) for each in shadow.differences.values()]), ""]
    lines.append(f"{len(shadow.compared)} of {total} checks were compared, {len(shadow.differences)} differed")
    lines += [f"not compared: {count}, {why}" for why, count in shadow.not_compared.items()]
    if shadow.unread:
        lines.append(f"the table could not be read {shadow.unread} times")
    return lines


def _row(difference: Difference) -> tuple[str, ...]:
    return (
        difference.check_id,
        "up" if difference.healthy else "DOWN",
        difference.reason,
        "gets traffic" if difference.traffic else "gets none",
        f"{difference.lasted(clock.now()):.0f} s",
        "differs" if difference.now else "agrees",
    )


def _to_dict(shadow: Shadow, total: int, faults: list[str]) -> dict[str, object]:
    now = clock.now()
    return {
        "checks": total,
        "compared": len(shadow.compared),
        "not_compared": dict(shadow.not_compared),
        "faults": faults,
        "differences": [
            {
                "id": each.check_id,
                "healthy": each.healthy,
                "reason": each.reason,
                "detail": each.detail,
                "in_table": each.traffic,
                "now": each.now,
                "seconds": round(each.lasted(now), 1),
            }
            for each in shadow.differences.values()
        ],
    }
