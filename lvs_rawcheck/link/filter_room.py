# SPDX-License-Identifier: GPL-2.0-or-later
"""How much room the kernel has for filters, found out by trying: who made that less than usual still gets checks.

Reading list: net/core/filter.c of Linux (sk_filter_charge: ENOMEM above net.core.optmem_max).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from errno import ENOMEM

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.address_search import kernel_octets
from lvs_rawcheck.link.bpf import KERNEL_OCTETS_MOST
from lvs_rawcheck.link.packet import PacketLink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.link.bpf import Program

logger = logging.getLogger(__name__)


class FilterRoom:
    """What is found out holds for all links that are opened by it later, too: it is tried, and logged, once."""

    def __init__(self) -> None:
        self._octets = KERNEL_OCTETS_MOST

    def open(self, link: Callable[[Program], PacketLink], program: Callable[[int], Program]) -> PacketLink:
        """Return the link with the most exact filter that the kernel takes; LinkError: there is none to be had.

        link: opens it with a filter; program: makes that for so many octets of the kernel's memory.
        """
        wanted = tried = program(self._octets)
        while True:
            try:
                opened = link(tried)
            except LinkError as refused:
                smaller = program(kernel_octets(tried) // 2)
                if not _has_no_room(refused) or kernel_octets(smaller) >= kernel_octets(tried):
                    raise
                tried = smaller
            else:
                if tried is not wanted:
                    self._remember(wanted, tried)
                return opened

    def _remember(self, wanted: Program, tried: Program) -> None:
        self._octets = kernel_octets(tried) + 1
        logger.warning(
            "the kernel has no room for a filter of %d instructions: one of %d lets frames of others pass, too, which "
            "costs time, but no answer; set net.core.optmem_max to %d or more and restart the daemon",
            len(wanted),
            len(tried),
            KERNEL_OCTETS_MOST,
        )


def _has_no_room(refused: LinkError) -> bool:
    return isinstance(refused.__cause__, OSError) and refused.__cause__.errno == ENOMEM
