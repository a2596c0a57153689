# SPDX-License-Identifier: GPL-2.0-or-later
"""Each planned check against the registry: it is there, for this server and these VIPs, unenforced, and really raw."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lvs_rawcheck.checks.base import STANDARD
from lvs_rawcheck.diagnose.verify.finding import Finding
from lvs_rawcheck.diagnose.verify.pace import timeouts
from lvs_rawcheck.diagnose.verify.planned import PlannedCheck
from lvs_rawcheck.director.keepalived_dump import LiveChecker
from lvs_rawcheck.director.last_verdict import LastLine, read_last
from lvs_rawcheck.director.mode import ENFORCE, read_override
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.keepalived.endpoints import traffic_of
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.track_files import UP, is_daemon_alive, read_track_file
from lvs_rawcheck.registry.files import SUFFIX
from lvs_rawcheck.registry.names import parse_check_id
from lvs_rawcheck.registry.read import Registry, read_registry
from lvs_rawcheck.registry.service import RealServer, Service
from lvs_rawcheck.wire.address import format_address, format_endpoint

_SENTENCE_CHARACTERS = 300


class Registered:
    """The registry and the state folder, as the planned checks need them."""

    def __init__(self, services_dir: str, state_dir: str, import_libraries: Callable[[], None]) -> None:
        self._folder = services_dir.rstrip("/")
        self._state = state_dir
        self.trouble = ""
        """Why there is no registry at all, a sentence; "": there is one."""
        try:
            self.registry = read_registry(services_dir, import_libraries)
        except ConfigError as error:
            self.registry = Registry()
            self.trouble = str(error)
        self._servers = {
            name: {server.address: server for server in service.real_servers}
            for name, service in self.registry.services.items()
        }
        self._mode_faults: dict[tuple[str, str], tuple[str, str] | None] = {}
        self._faults = {fault.path.rpartition("/")[2]: fault for fault in self.registry.faults}

    def find(self, check: PlannedCheck) -> tuple[Service, RealServer] | None:
        """Return the registry's service and real server of a check, None where it lacks them."""
        if check.check_id is None:
            return None
        name, address = parse_check_id(check.check_id)
        service = self.registry.services.get(name)
        server = self._servers.get(name, {}).get(address)
        return (service, server) if service is not None and server is not None else None

    def findings(self, check: PlannedCheck, live: LiveChecker | None) -> Iterator[Finding]:
        """Yield what is wrong with one check. live: what keepalived runs of it, None if it does not."""
        if check.check_id is None:
            return
        found = self.find(check)
        if found is None:
            yield self._missing(check)
            return
        service, server = found
        yield from _another_target(check, service)
        unenforced = self._mode_fault(service, server)
        if unenforced is not None:
            yield Finding("mode", check.label, *unenforced)
        if live is None:
            return
        if check.track_file is not None:
            yield from _of_track_file(check, check.track_file, live)
            return
        yield from timeouts(check, live, server.settings.timeout)
        last = read_last(self._state, service.name, format_address(server.address))
        if last is None:
            yield from _without_verdict(check, live, self._state)
        elif unenforced is None:
            yield from _of_verdict(check, live, last)

    def _missing(self, check: PlannedCheck) -> Finding:
        assert check.check_id is not None
        name, address = parse_check_id(check.check_id)
        fault = self._faults.get(f"{name}{SUFFIX}")
        path = f"{self._folder}/{name}{SUFFIX}"
        if self.trouble:
            reason = self.trouble
        elif fault is not None:
            reason = f"its service file cannot be used: {fault}"
        elif name in self.registry.services:
            reason = f"{path} has no real server {format_address(address)}"
        else:
            reason = f"there is no {path}"
        what = f"the registry lacks it, so it fails always and its server is taken out: {reason}"
        return Finding("unregistered", check.label, what[:_SENTENCE_CHARACTERS], "generate anew, or put the file back")

    def _mode_fault(self, service: Service, server: RealServer) -> tuple[str, str] | None:
        """Return why the raw check does not decide, and what to do; None: it does."""
        key = (service.name, server.settings.mode)
        if key not in self._mode_faults:
            self._mode_faults[key] = self._read_mode_fault(service, server)
        return self._mode_faults[key]

    def _read_mode_fault(self, service: Service, server: RealServer) -> tuple[str, str] | None:
        override, trouble = read_override(self._state, service.name)
        if trouble is not None:
            return trouble, "set the mode anew: lvs-rawcheck mode --help"
        if override is not None and override.mode != ENFORCE:
            what = f"mode {override.mode}, set by hand: the raw check does not decide"
            return what, f"lvs-rawcheck mode {service.name} --clear"
        if override is None and server.settings.mode != ENFORCE:
            what = f"mode {server.settings.mode} in {service.path}: the raw check does not decide"
            return what, 'write mode = "enforce" there'
        return None


def _another_target(check: PlannedCheck, service: Service) -> Iterator[Finding]:
    """Yield a finding where the check proves another server, or other VIPs, than keepalived forwards to by it."""
    assert check.check_id is not None
    _, address = parse_check_id(check.check_id)
    if address != check.address:
        what = f"it checks another server than the one it decides about, {check.real.address} ({check.place})"
        yield Finding("other-server", check.label, what, "correct the ID in its stanza, or generate anew")
    try:
        targets = traffic_of(check.virtual, {}).targets
    except Refused:
        return  # a firewall mark: what it stands for is the registry's to say
    proven = {(endpoint.vip, endpoint.port) for endpoint in service.endpoints}
    vips = {vip for vip, _ in proven}
    unproven = [(vip, port) for vip, port in targets if (vip not in vips if port == 0 else (vip, port) not in proven)]
    if unproven:
        more = f" and {len(unproven) - 1} more" if len(unproven) > 1 else ""
        what = f"it does not prove {format_endpoint(*unproven[0])}{more}, which {check.virtual_key} forwards"
        yield Finding("other-vip", check.label, what, f"correct endpoint in {service.path}, or generate anew")


def _without_verdict(check: PlannedCheck, live: LiveChecker, state: str) -> Iterator[Finding]:
    if live.last_ran is not None:
        what = f"keepalived has run it, but it left no verdict in {state}/last"
        fix = f"run it by hand: lvs-rawcheck run {check.check_id}; is the state folder root's own?"
        yield Finding("no-verdict", check.label, what, fix, passing=True)


def _of_track_file(check: PlannedCheck, path: str, live: LiveChecker) -> Iterator[Finding]:
    """Yield what is wrong with what the daemon tells keepalived. path: of the track file."""
    assert check.check_id is not None
    state = path.rpartition("/")[0].rpartition("/")[0]
    fix = "start the daemon, and see why it has none: lvs-rawcheck status"
    told = read_track_file(state, check.check_id)
    if told is None:
        what = f"no verdict in {path}, which keepalived takes for up ({check.place})"
        yield Finding("no-track-file", check.label, what, fix, passing=True)
    elif live.up != (told == UP):
        stands = "up" if told == UP else "down"
        what = f"its track file says {stands}, and keepalived does not follow: was {state} made anew meanwhile?"
        yield Finding(
            "verdict-lost", check.label, what, "reload keepalived: it may watch a folder that is gone", passing=True
        )
    if not is_daemon_alive(state):
        what = f"no daemon keeps {state}, so nothing that its track files say changes"
        yield Finding("daemon", "keepalived", what, "start the daemon: systemctl start lvs-rawcheck")


def _of_verdict(check: PlannedCheck, live: LiveChecker, last: LastLine) -> Iterator[Finding]:
    if last.path == STANDARD and not last.is_backup:
        what = f"degraded: it made the standard check in the place of the raw one, last verdict {last.reason}"
        fix = f"run it by hand, and see why: lvs-rawcheck run {check.check_id} --json"
        yield Finding("degraded", check.label, what, fix, passing=True)
    if not last.healthy and live.up and live.last_status == 0:
        what = f"its last verdict is down ({last.reason}), but keepalived has counted a success"
        yield Finding(
            "verdict-lost", check.label, what, "does its script run? See the script's own errors", passing=True
        )
