# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual at a time: converted with all its real servers, or left with all of them.

A virtual has one checktype for all its servers: what cannot be said of one of them leaves all of them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import TIMEOUT_MAX
from lvs_rawcheck.config.ldirectord.model import EXTERNAL, Real, Virtual
from lvs_rawcheck.generate.check_text import describe_raw
from lvs_rawcheck.generate.ldirectord.block import External, edits_for
from lvs_rawcheck.generate.ldirectord.existing import OldBlock
from lvs_rawcheck.generate.ldirectord.server import (
    Asked,
    Prepared,
    ask,
    endpoints_of,
    prepared,
    real_label,
)
from lvs_rawcheck.generate.ldirectord.translate import demand_checked, describe, pace_before, timeout_in_force
from lvs_rawcheck.generate.ldirectord.virtuals import protocol_of, service_name, traffic_of
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.pace import PaceFromEnd, Times, caller_timeout, demand_reasonable, pace_settings
from lvs_rawcheck.generate.plan import LeftCall, LeftStanza, Plan, PlannedCheck, ServerPlan, Skip
from lvs_rawcheck.generate.refusal import Kept, Refused
from lvs_rawcheck.generate.services import PlannedService
from lvs_rawcheck.generate.splice import Edit
from lvs_rawcheck.generate.traffic import ENDPOINTS_WITHOUT_DAEMON
from lvs_rawcheck.generate.validate import CheckValidator
from lvs_rawcheck.registry.names import check_id, is_name
from lvs_rawcheck.wire.address import parse_address

_USER = "root"  # whom ldirectord runs as, and its checks with it
_OTHERS_FAULT = "one checktype is for all servers of a virtual, and another one's check cannot be made a raw one"
_UNKNOWN_BEFORE = "its checkcommand is ours already, and what was here before is not known"


@dataclass(frozen=True, slots=True)
class Pair:
    """A virtual as the file has it, and as it is without lines of ours. old: what is ours, None for nothing."""

    now: Virtual
    original: Virtual
    old: OldBlock | None

    def lines(self) -> Iterator[tuple[Real, int]]:
        """Yield the real servers of the original, each with its line in the file as it is."""
        for real, now in zip(self.original.reals, self.now.reals, strict=True):
            yield real, now.directive.span.line


@dataclass(frozen=True, slots=True)
class Converted:
    """What becomes of a virtual. edits: of the file without lines of ours; servers: its part of the plan.

    notes: what is not quite as it was for all of its servers, a sentence each.
    """

    external: External
    edits: tuple[Edit, ...]
    servers: tuple[ServerPlan, ...]
    notes: tuple[str, ...]


class VirtualPlanner:
    """Adds virtuals to a plan."""

    def __init__(self, plan: Plan, options: PlanOptions, validator: CheckValidator) -> None:
        self._plan = plan
        self._options = options
        self._validator = validator

    def convert(self, pair: Pair) -> Converted | None:
        """Plan a virtual; None: it is left, and the plan says why."""
        virtual = pair.original
        if not virtual.reals:
            return None
        try:
            self._demand_editable(virtual)
            demand_checked(virtual, self._options.add_missing)
            asked, reasons = self._asked(virtual)
            if reasons:
                self._skip(pair, reasons)
                return None
            return self._converted(pair, asked)
        except (Kept, Refused) as error:
            self._skip(pair, dict.fromkeys(range(len(virtual.reals)), str(error)))
            return None

    def leave(self, pair: Pair) -> None:
        """Note that lines of ours stay, whatever they say."""
        services = pair.old.services if pair.old is not None else named_services(pair.now, self._options)
        addresses = dict.fromkeys(real.address for real in pair.now.reals)
        line, place = pair.now.line, pair.original.line
        assert line is not None
        assert place is not None
        for service in dict.fromkeys(services):
            self._plan.left += [
                LeftStanza(_left_id(service, address), line.file.path, line.start, place.start, replaces=True)
                for address in addresses
            ]
        for service in named_services(pair.now, self._options):
            with suppress(Refused):  # what nobody says, nobody can compare
                traffic = traffic_of(pair.now, self._options.fwmarks)
                self._plan.left_calls.append(LeftCall(pair.now.label, str(line), service, traffic))

    def _demand_editable(self, virtual: Virtual) -> None:
        if virtual.obstacles:
            raise Refused(virtual.obstacles[0].sentence)
        if virtual.checktype == EXTERNAL and named_services(virtual, self._options):
            raise Refused(_UNKNOWN_BEFORE)

    def _asked(self, virtual: Virtual) -> tuple[list[Asked], dict[int, str]]:
        """Return what the servers are asked, and why some cannot be, by their numbers."""
        forwarded = protocol_of(virtual, self._options.fwmarks)
        found, reasons = [], {}
        for number, real in enumerate(virtual.reals):
            try:
                found.append(ask(virtual, real, forwarded))
            except Refused as error:
                reasons[number] = str(error)
        return found, reasons

    def _converted(self, pair: Pair, asked: list[Asked]) -> Converted:
        virtual, options = pair.original, self._options
        traffic = traffic_of(virtual, options.fwmarks)
        endpoints = endpoints_of(traffic, asked)
        name = service_name(virtual)
        if name in self._plan.services:
            raise Refused(f"another virtual's checks are called {name} already")
        times = self._times(virtual)
        servers = prepared(asked, endpoints, pace_settings(times.after), traffic.protocol)
        for each in servers:
            self._validator.demand_valid(each.server.checks, each.server.address, endpoints)
        external = External(name, wrapper_of(name, options), caller_timeout(times.after.timeout))
        edits = tuple(edits_for(virtual, external))
        self._add_service(pair, name, endpoints, traffic.protocol, servers)
        lines = {id(real): line for real, line in pair.lines()}
        plans = tuple(
            self._server_plan(virtual, each, lines[id(each.real)], external, times, endpoints) for each in servers
        )
        self._plan.servers += plans
        return Converted(external, edits, plans, (*_notes_of_all(plans), *_note_of_limit(virtual, times)))

    def _times(self, virtual: Virtual) -> Times:
        ours = self._options.timeout
        if ours is None:
            ours = min(float(timeout_in_force(virtual)), TIMEOUT_MAX)
        interval = float(virtual.checkinterval)
        after = PaceFromEnd(ours, interval, virtual.failurecount - 1, interval)
        demand_reasonable(after, "ldirectord")
        return Times(pace_before(virtual), after)

    def _add_service(
        self, pair: Pair, name: str, endpoints: tuple[Endpoint, ...], protocol: str, servers: list[Prepared]
    ) -> None:
        options, label = self._options, pair.original.label
        settings: dict[str, object] = {"role_file": options.role_file, "standby": options.standby}
        if options.observe:
            settings["mode"] = "observe"
        origin = f"{options.path_there(self._plan.file)}: virtual {label}"
        of_servers = [each.server for each in servers]
        self._plan.services[name] = PlannedService(name, endpoints, protocol, settings, origin, of_servers)
        if len(endpoints) > ENDPOINTS_WITHOUT_DAEMON:
            self._plan.warnings.append(
                f"virtual {label}: {len(endpoints)} VIPs and ports a check: too many for a process each time, a daemon "
                "is needed"
            )

    def _server_plan(
        self,
        virtual: Virtual,
        each: Prepared,
        line: int,
        external: External,
        times: Times,
        endpoints: tuple[Endpoint, ...],
    ) -> ServerPlan:
        identifier = check_id(external.service, parse_address(each.server.address))
        kinds = tuple(check.kind for check in each.server.checks)
        check = PlannedCheck(identifier, kinds, (external.command,), _USER, times, len(endpoints), is_new=False)
        before = [] if times.before is None else [describe(virtual)]
        span = each.real.directive.span
        return ServerPlan(
            virtual.label,
            real_label(each.real),
            span.file.path,
            line,
            span.start,
            before,
            [describe_raw(kinds, endpoints, identifier)],
            [check],
            list(each.notes),
        )

    def _skip(self, pair: Pair, reasons: Mapping[int, str]) -> None:
        """Note that all servers are left. reasons: by their numbers; those without have no fault of their own."""
        virtual = pair.original
        for number, (real, line) in enumerate(pair.lines()):
            path, reason = real.directive.span.file.path, reasons.get(number, _OTHERS_FAULT)
            self._plan.skipped.append(Skip(virtual.label, real_label(real), path, line, describe(virtual), reason))


def _notes_of_all(servers: Sequence[ServerPlan]) -> list[str]:
    """Return the notes that all servers have, which none has by itself then."""
    common = [note for note in servers[0].notes if all(note in server.notes for server in servers)]
    for server in servers:
        server.notes = [note for note in server.notes if note not in common]
    return common


def _note_of_limit(virtual: Virtual, times: Times) -> Iterator[str]:
    before = timeout_in_force(virtual)
    if before > TIMEOUT_MAX == times.after.timeout:
        yield f"a check has {TIMEOUT_MAX:.0f} s at most, not {before} s as before"


def _left_id(service: str, address: str | None) -> str:
    """Return the ID of a check, of the service alone where the server's address is not known here."""
    return service if address is None else check_id(service, parse_address(address))


def wrapper_of(service: str, options: PlanOptions) -> str:
    """Return the path of a service's wrapper."""
    return f"{options.wrappers.rstrip('/')}/{service}"


def named_services(virtual: Virtual, options: PlanOptions) -> list[str]:
    """Return the service whose wrapper a virtual calls, if it does."""
    folder, _, name = virtual.checkcommand.rpartition("/")
    is_ours = virtual.checktype == EXTERNAL and folder == options.wrappers.rstrip("/") and is_name(name)
    return [name] if is_ours else []
