# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of services that stanzas in the configuration use already.

Two virtual servers may come to one name: `group a/b` and `group a:b`. Whoever has stanzas that use it keeps it, whether
it is planned this time or not: a service file made for the other would send those checks to the wrong VIP. A stanza
that was copied together with its block names what its own virtual server is not called: it claims nothing, since it is
planned anew, unless its virtual server is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from lvs_rawcheck.config.keepalived.model import Site, VirtualServer
from lvs_rawcheck.generate.keepalived.endpoints import names_of, service_name
from lvs_rawcheck.generate.keepalived.existing import OldFile, OldStanza
from lvs_rawcheck.generate.options import PlanOptions, selects
from lvs_rawcheck.generate.refusal import Refused


class Claims:
    """Who has which name. old_files: the stanzas that are there, by path."""

    def __init__(self, site: Site, old_files: dict[str, OldFile], options: PlanOptions) -> None:
        self._owners: dict[str, list[VirtualServer]] = {}
        self.not_meant: set[tuple[str, int]] = set()
        """Stanzas in virtual servers that nothing was asked for, by path and first octet."""
        if not old_files:
            return
        for virtual in site.virtual_servers:
            planned = selects(options, names_of(virtual))
            stanzas = list(_stanzas_of(virtual, old_files))
            if not planned:
                self.not_meant.update((path, old.start) for path, old in stanzas)
            for name in dict.fromkeys(old.check_id.partition("/")[0] for _, old in stanzas):
                if not planned or _is_called(virtual, name):
                    self._owners.setdefault(name, []).append(virtual)

    def demand_free(self, name: str, virtual: VirtualServer) -> None:
        """Raise Refused if stanzas of another virtual server use the name."""
        for owner in self._owners.get(name, ()):
            if owner is not virtual:
                raise Refused(f"stanzas of virtual_server {owner.label} name {name} already")


def _stanzas_of(virtual: VirtualServer, old_files: dict[str, OldFile]) -> Iterator[tuple[str, OldStanza]]:
    for server in (*virtual.real_servers, *virtual.dropped_servers):
        for checker in server.checkers:
            span = checker.block.span
            old_file = old_files.get(span.file.path)
            old = None if old_file is None else old_file.by_place.get(span.start)
            if old is not None:
                yield span.file.path, old
        whole = server.span
        if whole is not None and whole.file.path in old_files:
            for added in old_files[whole.file.path].added_within(whole.start, whole.end):
                yield whole.file.path, added


def _is_called(virtual: VirtualServer, name: str) -> bool:
    """Return whether a virtual server's own services have this name, or this name and a number."""
    try:
        own = service_name(virtual, virtual.protocol or "udp", 1)
    except Refused:
        return False
    rest = name.removeprefix(own)
    return name.startswith(own) and (not rest or (rest[0] == "-" and rest[1:].isdigit()))
