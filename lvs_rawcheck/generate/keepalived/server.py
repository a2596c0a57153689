# SPDX-License-Identifier: GPL-2.0-or-later
"""One real server: what becomes of each of its checkers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lvs_rawcheck.config.keepalived.model import Checker, RealServer
from lvs_rawcheck.config.tree import Span, Touch
from lvs_rawcheck.generate.check_text import CheckText, describe_raw
from lvs_rawcheck.generate.keepalived.existing import FILE_CHECK, OldStanza
from lvs_rawcheck.generate.keepalived.file_check import FileCheckWriter
from lvs_rawcheck.generate.keepalived.placing import Place
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.prepared import Prepared, prepare
from lvs_rawcheck.generate.keepalived.stanza import StanzaText, StanzaWriter
from lvs_rawcheck.generate.keepalived.timing import StanzaTimes, held_out, times_of, times_of_new
from lvs_rawcheck.generate.keepalived.track_blocks import demand_place
from lvs_rawcheck.generate.keepalived.translate import Translation, translate
from lvs_rawcheck.generate.options import TRACK_FILE, PlanOptions
from lvs_rawcheck.generate.plan import PlannedCheck, ServerPlan, Skip
from lvs_rawcheck.generate.refusal import Kept, Refused
from lvs_rawcheck.generate.validate import CheckValidator

if TYPE_CHECKING:
    from lvs_rawcheck.generate.keepalived.virtual import VirtualServices

_NEVER_CHECKED = "it had no check and was never taken out; from now on it is, while the raw check fails"
_UNCHECKED = "it has no check, and is never taken out (--add-missing adds a raw one)"
_SHAPE = "its braces do not stand in one stretch of one file"
_MOST_SHOWN = 2


class ServerPlanner:
    """Plans one real server. plan: of everything; own: of this server."""

    def __init__(
        self,
        plan: KeepalivedPlan,
        own: ServerPlan,
        server: RealServer,
        services: VirtualServices,
        options: PlanOptions,
        validator: CheckValidator,
        writer: StanzaWriter | FileCheckWriter,
    ) -> None:
        self._plan = plan
        self._own = own
        self._server = server
        self._services = services
        self._options = options
        self._validator = validator
        self._writer = writer
        self._additions: list[bytes] = []

    def add(self, place_of: Callable[[Span], Place]) -> None:
        """Plan all of it. Where there was something added, there is again.

        place_of: the file of a stretch; a checker may be included from another one than its server's.
        """
        server, options = self._server, self._options
        place = place_of(server.block.span)
        added = [] if server.span is None else place.added_before(server.span)
        beside = self._is_beside(added)
        self._own.before = [describe(checker) for checker in server.checkers]
        for checker in server.checkers:
            try:
                if beside:
                    self._add_beside(checker, place)
                    place_of(checker.block.span).restore(checker.block.span)
                else:
                    self._replace(checker, place_of(checker.block.span))
            except (Kept, Refused) as error:
                self._skip(checker.block.span, place_of(checker.block.span), checker.kind, str(error))
                self._own.after.append(describe(checker))
        if not server.checkers:
            self._add_to_unchecked(place, wanted=options.add_missing or bool(added))
        if server.span is None:
            return
        if self._additions:
            is_new = place.add(place.insertion(server), server.span, self._additions)
        else:
            in_place = {check.check_id for check in self._own.checks}
            is_new = place.take_out([old for old in added if old.check_id in in_place])
        if is_new:
            for check in self._own.checks:
                check.is_new = True

    def _is_beside(self, added: Sequence[OldStanza]) -> bool:
        """Return whether checks stand beside the checkers. added: what there is beside them now."""
        options = self._options
        if options.style == TRACK_FILE:
            return not options.file_check_only
        # A FILE_CHECK stands there because of its style, not because somebody wanted it beside the others.
        return options.keep_existing or any(old.keyword != FILE_CHECK for old in added)

    def _replace(self, checker: Checker, place: Place) -> None:
        translation = translate(checker, self._server, self._services.virtual)
        if translation.elsewhere is not None:
            raise Kept(
                f"{checker.kind} asks {translation.elsewhere}, not the real server's address: kept"
                " (--keep-existing adds a raw check beside it)"
            )
        span = _editable(checker.span, checker.obstacles)
        prepared = self._prepare(
            translation, times_of(checker, self._server, translation.phases, self._options.timeout)
        )
        stanza = self._stanza(prepared, place.step(span))
        is_new = place.replace(span, place.replacement(span, prepared.check_id, stanza.lines))
        self._plan.replaced[(span.file.path, span.start)] = self._take(prepared, stanza, is_new)

    def _add_beside(self, checker: Checker, place: Place) -> None:
        translation = translate(checker, self._server, self._services.virtual)
        times = times_of(checker, self._server, translation.phases, self._options.timeout)
        self._append(translation, times, place)
        self._own.after.insert(len(self._own.after) - 1, describe(checker))

    def _add_to_unchecked(self, place: Place, wanted: bool) -> None:
        try:
            if not wanted:
                raise Kept(_UNCHECKED)
            times = times_of_new(self._server, self._services.virtual, self._options.timeout)
            check = CheckText(self._services.traffic.protocol)
            self._append(Translation((check,), 1, self._server.port, notes=(_NEVER_CHECKED,)), times, place)
        except (Kept, Refused) as error:
            self._skip(self._server.block.span, place, "", str(error))

    def _append(self, translation: Translation, times: StanzaTimes, place: Place) -> None:
        """Plan a stanza at the end of the real server's block."""
        span = _editable(self._server.span, self._server.obstacles)
        prepared = self._prepare(translation, times)
        stanza = self._stanza(prepared, place.step(span))
        self._additions.append(place.addition(place.insertion(self._server), prepared.check_id, stanza.lines))
        self._take(prepared, stanza, is_new=False)

    def _prepare(self, translation: Translation, times: StanzaTimes) -> Prepared:
        server, number = self._server, len(self._own.checks) + 1
        prepared = prepare(server, self._services, number, translation, times, never_before=times.before is None)
        self._validator.demand_valid(translation.checks, server.address, prepared.endpoints)
        self._validator.demand_valid_ways(standby.way for standby in prepared.server.standby_checks)
        if self._options.style == TRACK_FILE:
            return prepared  # FILE_CHECK has no alpha; its file keeps the server out from the first
        if prepared.check_id in self._options.held_out and not self._services.virtual.ha_suspend:
            return replace(prepared, times=held_out(times))
        return prepared

    def _stanza(self, prepared: Prepared, step: bytes) -> StanzaText:
        service = self._services.settings(prepared.endpoints)
        if self._options.style == TRACK_FILE:
            demand_place(self._services.virtual)
        return self._writer.stanza(prepared, service, step)

    def _take(self, prepared: Prepared, stanza: StanzaText, is_new: bool) -> PlannedCheck:
        """Put a check into the plan and into its service."""
        self._services.service(prepared.number, prepared.endpoints).servers.append(prepared.server)
        kinds = tuple(check.kind for check in prepared.server.checks)
        check = PlannedCheck(
            prepared.check_id,
            kinds,
            stanza.command,
            self._options.user,
            prepared.times,
            len(prepared.endpoints),
            is_new,
            stanza.track_file,
        )
        self._own.checks.append(check)
        self._own.after.append(describe_raw(kinds, prepared.endpoints, prepared.check_id))
        self._own.notes += prepared.notes()
        return check

    def _skip(self, span: Span, place: Place, checker: str, reason: str) -> None:
        own, path, line = self._own, span.file.path, place.line(span)
        self._plan.skipped.append(Skip(own.virtual_server, own.real_server, path, line, checker, reason))


def _editable(span: Span | None, obstacles: Sequence[Touch]) -> Span:
    """Return a stretch that may be edited; Refused."""
    if obstacles:
        raise Refused(obstacles[0].sentence)
    if span is None:
        raise Refused(_SHAPE)
    return span


def describe(checker: Checker) -> str:
    """Return a checker in words."""
    words = [checker.kind, *(url.path for url in checker.urls[:_MOST_SHOWN])]
    if len(checker.urls) > _MOST_SHOWN:
        words.append("...")
    if checker.connection.connect_ip is not None:
        words.append(checker.connection.connect_ip)
    if checker.connection.connect_port is not None:
        words.append(f"port {checker.connection.connect_port}")
    return " ".join(words)
