# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck audit`: every VIP at every real server of a configuration asked once, and what is wrong with each."""

from __future__ import annotations

import json
import os
import shutil
import sys
from signal import SIGHUP, SIGINT, SIGTERM, signal

from lvs_rawcheck import clock
from lvs_rawcheck.checks.request_values import parse_timeout
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, Option, parse
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.cli.reporting import Reporting
from lvs_rawcheck.diagnose.audit.audit import RATE_DEFAULT, Settings, demand_targets, run_audit
from lvs_rawcheck.diagnose.audit.from_keepalived import add_keepalived
from lvs_rawcheck.diagnose.audit.from_ldirectord import add_ldirectord
from lvs_rawcheck.diagnose.audit.from_registry import add_registry, add_service_file
from lvs_rawcheck.diagnose.audit.from_table import add_table
from lvs_rawcheck.diagnose.audit.model import Audit
from lvs_rawcheck.diagnose.audit.recognise import KEEPALIVED, LDIRECTORD, PROGRAMS, program_of
from lvs_rawcheck.diagnose.audit.text import text_lines
from lvs_rawcheck.diagnose.audit.wanted import TIMEOUT_DEFAULT, Wanted
from lvs_rawcheck.diagnose.capture_file import CaptureFile
from lvs_rawcheck.director.ipvs import read_table
from lvs_rawcheck.director.keepalived_process import DEFAULT_CONFIG, find_keepalived
from lvs_rawcheck.director.privileges import drop_root
from lvs_rawcheck.errors import LinkError, RawCheckError, UsageError
from lvs_rawcheck.generate.options import SERVICES_DIR, parse_fwmark
from lvs_rawcheck.registry.vips import RegistryVips

NOTHING_WRONG, FINDINGS, COULD_NOT = 0, 1, 2
_RATE_MOST = 100_000.0
_PIPE_COLUMNS = 120  # where no terminal says how wide it is
_PROGRESS_SECONDS = 0.1
_BAR = 30  # characters
_DESCRIPTION = """\
Ask every real server of a configuration once at each of its VIPs and ports, by a raw check of the same kind as the
site's own, and say what is wrong, where, how that is known, and what mends it. Nothing is changed, and no role matters.
CONFIG: a keepalived.conf, an ldirectord.cf, or a folder or file of the registry; by default keepalived's own, else the
registry. Exit status 0: all was asked, and nothing is wrong. 1: findings. 2: none, but not all could be asked."""


def _parse_rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 1.0 <= rate <= _RATE_MOST:
        raise UsageError(f"not 1 to {_RATE_MOST:.0f} checks a second: {text!r}")
    return rate


def _parse_program(text: str) -> str:
    if text not in PROGRAMS:
        raise UsageError(f"not one of {', '.join(PROGRAMS)}: {text!r}")
    return text


_OPTIONS = (
    Option("", "ipvs", None, "ask what this host's IPVS table says, and CONFIG where one is named"),
    Option("", "program", "|".join(PROGRAMS), "whose CONFIG is (default: by its content)", _parse_program),
    Option("i", "config-id", "NAME", "read a keepalived.conf for this node (default: as keepalived does)"),
    Option("", "fwmark", "N=VIP:PORT[,...][/PROTO]", "what a firewall mark stands for", parse_fwmark, many=True),
    Option("t", "timeout", "SECONDS", "of one check, at most (default: 2.0)", parse_timeout, TIMEOUT_DEFAULT),
    Option("", "rate", "NUMBER", "checks begun a second (default: 1000.0)", _parse_rate, RATE_DEFAULT),
    Option("", "json", None, "print one JSON object"),
    Option("", "html", "FILE", "write a page as well, which needs no network"),
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", default=SERVICES_DIR),
)


def run(arguments: list[str]) -> int:
    """Run `audit` with what follows it on the command line; return the exit status."""
    return Reporting("audit", "[CONFIG...]", _DESCRIPTION, _OPTIONS).end(lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    line = parse(arguments, _OPTIONS)
    import_site_packages()
    wanted = _wanted(line)
    demand_targets(wanted)
    _know_registry(wanted, str(line.values["services"]))
    path = line.values["html"]
    page = _Page(str(path)) if path is not None else None
    try:
        audit = _audit(line, wanted)
        trouble = page.save(audit) if page is not None else ""
    finally:
        if page is not None:
            page.close()
    _print(audit, bool(line.values["json"]))
    if trouble:
        complain(f"lvs-rawcheck: {one_sentence(trouble)}")
    if audit.findings:
        return FINDINGS
    return COULD_NOT if audit.partial or trouble else NOTHING_WRONG


def _wanted(line: CommandLine) -> Wanted:
    """Return what all sources say; ConfigError, UsageError, LinkError."""
    timeout, marks = line.values["timeout"], line.values["fwmark"]
    assert isinstance(timeout, float)
    assert isinstance(marks, list)
    wanted = Wanted(timeout, dict(marks), import_site_packages)
    if line.values["ipvs"]:
        add_table(wanted, read_table())
    elif not line.positionals:
        _add_default(wanted, line)
    for path in line.positionals:
        _add(wanted, line, path)
    return wanted


def _add(wanted: Wanted, line: CommandLine, path: str) -> None:
    program = line.values["program"] or program_of(path)
    if program == KEEPALIVED:
        add_keepalived(wanted, path, _config_id(line, None))
    elif program == LDIRECTORD:
        add_ldirectord(wanted, path)
    elif os.path.isdir(path):
        add_registry(wanted, path)
    else:
        add_service_file(wanted, path)


def _add_default(wanted: Wanted, line: CommandLine) -> None:
    """Add the configuration of the running keepalived, else the usual one, else the registry."""
    if line.values["program"] is not None:
        raise UsageError("--program says whose CONFIG is, and none is given")
    path, config_id = DEFAULT_CONFIG, None
    try:
        keepalived = find_keepalived()
        path, config_id = keepalived.config, keepalived.config_id
    except LinkError:
        pass  # none runs
    if os.path.isabs(path) and os.path.exists(path):
        add_keepalived(wanted, path, _config_id(line, config_id))
        return
    services = str(line.values["services"])
    if not os.path.isdir(services):
        raise UsageError(f"there is neither {path} nor {services}: name a CONFIG, or say --ipvs")
    add_registry(wanted, services)


def _config_id(line: CommandLine, of_running: str | None) -> str:
    # keepalived's own default: the host's name up to its first dot, main.c.
    return str(line.values["config_id"] or of_running or os.uname().nodename.partition(".")[0])


def _know_registry(wanted: Wanted, services: str) -> None:
    """Let no VIP that the registry knows be a source, whether it is audited or not."""
    registry = RegistryVips(services)
    for target in wanted.targets:
        target.request.is_registry_vip = registry.holds


def _audit(line: CommandLine, wanted: Wanted) -> Audit:
    ended: list[int] = []

    def end(number: int, frame: object) -> None:
        ended.append(number)

    before = {number: signal(number, end) for number in (SIGINT, SIGTERM, SIGHUP)}  # what is known is still told
    rate = line.values["rate"]
    assert isinstance(rate, float)
    bar = _Bar() if sys.stderr is not None and sys.stderr.isatty() else None
    progress = bar.show if bar is not None else _untold
    try:
        return run_audit(wanted, Settings(rate, progress, lambda: bool(ended)), drop_root)
    finally:
        for number, handler in before.items():
            signal(number, handler)  # whoever reads no longer must not hold us
        if bar is not None:
            bar.clear()


def _untold(over: int, of: int) -> None:
    return None


class _Bar:
    """How far it is, on a terminal."""

    def __init__(self) -> None:
        self._next = 0.0
        self._written = 0
        # One less than there are: what reaches the edge begins a new line, which \r does not take back.
        self._columns = shutil.get_terminal_size((_PIPE_COLUMNS, 24)).columns - 1

    def show(self, over: int, of: int) -> None:
        """Show it, not more often than somebody can read."""
        now = clock.now()
        if now < self._next:
            return
        self._next = now + _PROGRESS_SECONDS
        filled = _BAR * over // max(of, 1)
        text = f"[{'#' * filled}{' ' * (_BAR - filled)}] {over} of {of}"[: self._columns]
        self._write(f"\r{text}")
        self._written = len(text)

    def clear(self) -> None:
        """Leave nothing of it."""
        self._write(f"\r{' ' * self._written}\r")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._next = float("inf")


class _Page:
    """The page that is wanted. Make it before anybody is asked, and while we are root: it lies where root wants it.

    LinkError, ConfigError, UsageError: there will be none.
    """

    def __init__(self, path: str) -> None:
        try:
            from lvs_rawcheck.diagnose.audit import html  # which loads jinja2
        except ImportError as error:
            raise LinkError(
                f"--html needs a library that is not installed: {error} (Debian: python3-jinja2)"
            ) from error
        self._render = html.render
        self._templates = html.tried_templates()
        self._file: CaptureFile | None = CaptureFile(path)

    def save(self, audit: Audit) -> str:
        """Put it in its place; return why that failed, "" where it did not: what was found is told all the same."""
        assert self._file is not None
        try:
            octets = self._render(audit, self._templates).encode("utf-8", "replace")
            file, self._file = self._file, None
            file.save(octets)
        except RawCheckError as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Leave no file where none was saved."""
        if self._file is not None:
            self._file.abandon()


def _print(audit: Audit, as_json: bool) -> None:
    if as_json:
        say(json.dumps(audit.to_dict()))
        return
    width = shutil.get_terminal_size((_PIPE_COLUMNS, 24)).columns
    say("\n".join(text_lines(audit, width)))
    if audit.partial and not audit.findings:
        complain("lvs-rawcheck: nothing was found in what could be asked, but not all was: see `partial`")
