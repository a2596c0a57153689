# SPDX-License-Identifier: GPL-2.0-or-later
"""The role by each VIP: master while it is an address of this host, asked of the kernel."""

from __future__ import annotations

from lvs_rawcheck.director.role import role_by_vip
from lvs_rawcheck.link.rtnetlink import Netlink, NoSuchInterface
from lvs_rawcheck.wire.address import socket_family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from lvs_rawcheck.link.rtnetlink import LocalAddress

_LOOPBACK_INDEX = 1  # the kernel gives lo this index in every network namespace


def roles_by_vip(vips: Collection[bytes], seconds: float) -> dict[bytes, str | None]:
    """Return the role by each VIP, None where a VIP says nothing; LinkError.

    seconds: how long the kernel may take for each answer.
    """
    silent = {_LOOPBACK_INDEX}
    held: list[LocalAddress] = []
    with Netlink(seconds) as netlink:
        for family in {socket_family(vip) for vip in vips}:
            held += [address for address in netlink.addresses(family) if address.address in vips]
        for index in {address.interface_index for address in held} - silent:
            try:
                if netlink.interface_by_index(index).kind == "dummy":
                    silent.add(index)
            except NoSuchInterface:  # it went away a moment ago, its addresses with it
                held = [address for address in held if address.interface_index != index]
    return {vip: role_by_vip(vip, held, silent) for vip in vips}
