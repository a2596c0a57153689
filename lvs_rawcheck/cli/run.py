# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck run ID`: one check of the registry, now, in this process."""

from __future__ import annotations

from lvs_rawcheck.checks.base import STANDARD, Result
from lvs_rawcheck.checks.request import TIMEOUT_DEFAULT
from lvs_rawcheck.checks.request_values import parse_timeout
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.cli.arguments import ROUTINE_OPTIONS
from lvs_rawcheck.cli.exit_status import HEALTHY, end_after
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.one_shot import judge, refuse, report, report_json, verbosity
from lvs_rawcheck.cli.options import HelpWanted, Option, help_text, parse
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.director.change_log import ChangeLog
from lvs_rawcheck.director.mode import OBSERVE, STANDARD_MODE, read_override
from lvs_rawcheck.director.privileges import drop_root, may_open_packet_sockets
from lvs_rawcheck.director.results import LastVerdict, Observations
from lvs_rawcheck.director.slots import holds_first_gate, leave_gate
from lvs_rawcheck.errors import ConfigLibraryError, LinkError, RawCheckError, UsageError
from lvs_rawcheck.registry.names import parse_check_id
from lvs_rawcheck.registry.read import read_check
from lvs_rawcheck.registry.requests import request_of
from lvs_rawcheck.wire.address import format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.hooks import Hooks
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.cli.by_daemon import ByDaemon
    from lvs_rawcheck.cli.options import CommandLine

_DESCRIPTION = """\
Make one check of the registry. ID: SERVICE/REAL_SERVER, the service file's name without .toml and an address.
Exit status 0: healthy. 1: everything else."""
_OPTIONS = (
    Option("t", "timeout", "SECONDS", "one deadline for all of it (default: the registry's)", parse_timeout),
    Option("", "json", None, "print one JSON object"),
    *ROUTINE_OPTIONS,
)


def run(arguments: list[str]) -> int:
    """Run `run` with what follows it on the command line; return the exit status."""
    as_json = "--json" in arguments
    end_after(TIMEOUT_DEFAULT)  # until the registry has said how long it may take
    state_dir = None
    further: dict[str, object] = {}
    try:
        line = parse(arguments, _OPTIONS)
        state_dir = str(line.values["state"])
        if holds_first_gate(state_dir):
            from lvs_rawcheck.cli.sweep import sweep_beside  # only where a daemon has died

            services = str(line.values["services"])
            folders = ["--services", services, "--state", state_dir]
            sweep_beside(state_dir, services, lambda check_id: run([*folders, "--", check_id]))
        result, further = _check(line)
    except HelpWanted:
        say(help_text("lvs-rawcheck run", "ID", _DESCRIPTION, _OPTIONS))
        return HEALTHY
    except ConfigLibraryError:
        raise  # ours, and before there was a check to be made in another way: see last_resort.py
    except RawCheckError as error:
        result = refuse("", error, ["run", *arguments], state_dir)
    return report_json("lvs-rawcheck", result, further) if as_json else report("lvs-rawcheck", result)


def _check(line: CommandLine) -> tuple[Result, dict[str, object]]:
    """Return the result of the check that a command line names, and what its JSON object has besides."""
    if len(line.positionals) != 1:
        raise UsageError("wanted: ID, one SERVICE/REAL_SERVER")
    name, real_ip = parse_check_id(line.positionals[0])
    service, server = read_check(str(line.values["services"]), name, real_ip, import_site_packages)
    request = request_of(service, server)
    timeout = line.values["timeout"]
    if isinstance(timeout, float):
        request.timeout = timeout
    override, trouble = read_override(str(line.values["state"]), name)
    run = _Run(request, name, line, [trouble] if trouble is not None else [])
    return run.by_mode(override.mode if override is not None else server.settings.mode)


class _Run:
    """One request of the registry, its verdict logged and written down by its ID. notes: what is wrong besides."""

    def __init__(self, request: Request, service: str, line: CommandLine, notes: list[str]) -> None:
        self._request = request
        self._line = line
        self._notes = notes
        self._place = (str(line.values["state"]), service, format_address(request.real_ip))
        self._id = f"{service}/{format_address(request.real_ip)}"
        self._by_daemon = None if may_open_packet_sockets() else self._daemon()

    def _daemon(self) -> ByDaemon:
        from lvs_rawcheck.cli.by_daemon import ByDaemon

        return ByDaemon(self._place[0], self._id)

    def by_mode(self, mode: str) -> tuple[Result, dict[str, object]]:
        last = LastVerdict(*self._place)
        further: dict[str, object] = {"id": self._id, "mode": mode}
        if mode == OBSERVE:
            result = self._observe(further)
        else:
            if mode == STANDARD_MODE:
                self._request.only_path = STANDARD
            result = self._judge(run_request)
        if self._by_daemon is not None and self._by_daemon.has_judged:
            further["by"] = "daemon"
        self._write(last, result)
        return result, further

    def _write(self, last: LastVerdict, result: Result) -> None:
        """Write the result down as who owns the folder: what could not judge may not have come to that before."""
        try:
            drop_root()
        except LinkError:
            return
        last.write(result, self._request.role_file)

    def _judge(self, run: Callable[[Request, Hooks], Result]) -> Result:
        line = self._line
        if self._by_daemon is not None:
            run = self._by_daemon.before(run)
        return judge(self._request, line, ["run", self._id], verbosity(line), run, self._notes, self._sockets_open)

    def _sockets_open(self) -> None:
        leave_gate(self._place[0])
        drop_root()

    def _observe(self, further: dict[str, object]) -> Result:
        """Return the result of the standard check; what the raw one found is logged, counted, and told further."""
        from lvs_rawcheck.cli.observing import Observer

        log = ChangeLog(self._place[0], ["observe", self._id])
        counted = Observations(*self._place)
        observer = Observer()
        result = self._judge(observer.run)
        if observer.observed is not None:
            log.note(observer.observed)
            counted.add(observer.observed)
            further["observed"] = observer.observed.to_dict()
        return result
