# SPDX-License-Identifier: GPL-2.0-or-later
"""A site with an active director, a standby one and a real server; checks as a command line asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lvs_rawcheck.checks.base import Result
from lvs_rawcheck.cli.check_line import read_check
from tests.checks.site import PATIENT, Family, active, of_both, run, server_without_service, standby
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.topology import Host, Network

ADDRESSES = [*of_both("vip"), *of_both("real")]


class Site:
    """The three hosts. The role is read off the VIPs: the active director makes raw checks, the standby others."""

    def __init__(self, network: Network) -> None:
        self.active = active(network)
        self.standby = standby(network)
        self.real = server_without_service(network)

    @contextmanager
    def without_vip(self, family: Family) -> Iterator[None]:
        """Let the real server be without its VIP of a family for a while."""
        lose_vip(self.real, family.vip)
        try:
            yield
        finally:
            self.real.add_address(host_prefix(family.vip), "lo")


def check(host: Host, family: Family, kind: str, port: int, options: Sequence[str], timeout: float = PATIENT) -> Result:
    """Return what `lvs-rawcheck check KIND ...` would find from this host."""
    common = ["--role-file", "auto", "--timeout", str(timeout)]
    request, _ = read_check([kind, family.real, family.vip, str(port), *common, *options])
    return run(host, request)
