# SPDX-License-Identifier: GPL-2.0-or-later
"""What IPVS does with clients of a failed server, against how the configuration lets servers fail.

Reading list: Documentation/networking/ipvs-sysctl.rst; ip_vs_in_hook() in net/netfilter/ipvs/ip_vs_core.c: a packet
of a connection whose server is gone is dropped, and its timer starts anew; ip_vs_check_template() in ip_vs_conn.c: a
persistence template leads to a server of weight 0 unless expire_quiescent_template is on. Where neither UDP's
ports nor persistence tie a client to a server, the kernel's default may be meant: who comes back, goes on.
"""

from __future__ import annotations

from collections.abc import Iterator

from lvs_rawcheck.config.ldirectord.model import UDP
from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.doctor.sysctls import setting, to_keep, to_set
from lvs_rawcheck.diagnose.fix import Fix

_NODEST, _TEMPLATE = "expire_nodest_conn", "expire_quiescent_template"
_CAUSES = {_NODEST: "clients-of-removed-server", _TEMPLATE: "clients-of-quiesced-server"}


def ipvs_settings(here: Surroundings) -> Section:
    """Look at both settings where a virtual server of the configurations needs one of them."""
    section = Section("IPVS settings")
    needed: dict[str, list[str]] = {}
    for name, label in (*_of_keepalived(here), *_of_ldirectord(here)):
        needed.setdefault(name, []).append(label)
    right = []
    for name, labels in sorted(needed.items()):
        value = here.sysctls.number("net", "ipv4", "vs", name)
        place = setting("net", "ipv4", "vs", name)
        if value is None:
            section.gaps.append(f"{place}: ip_vs is not loaded in this network namespace")
        elif value == 0:
            more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
            what = f"{place} is 0, and {labels[0]}{more} needs it"
            fixes = [*_first(name), to_set(1, "net", "ipv4", "vs", name), to_keep()]
            section.findings.append(found(_CAUSES[name], place, what, fixes))
        else:
            right.append(f"{name} is on")
    section.looked_at = ", ".join(right)
    return section


def _first(name: str) -> list[Fix]:
    """Return what has to be known before a setting is changed."""
    if name != _TEMPLATE:
        return []
    return [
        instruction(
            "mind that from then on a server that somebody gives weight 0 to drain it loses its persistent clients, too"
        )
    ]


def _of_keepalived(here: Surroundings) -> Iterator[tuple[str, str]]:
    """Yield what each virtual server needs: the setting, and the server's name."""
    for virtual in here.keepalived.site.virtual_servers if here.keepalived is not None else ():
        label = f"virtual_server {virtual.label}"
        quiesced = [real.inhibit_on_failure for real in virtual.real_servers]
        if virtual.persistent and any(quiesced):
            yield _TEMPLATE, label
        if (virtual.persistent or virtual.protocol == UDP) and not all(quiesced) and not any(virtual.block.all("ops")):
            yield _NODEST, label


def _of_ldirectord(here: Surroundings) -> Iterator[tuple[str, str]]:
    for virtual in here.ldirectord.site.virtuals if here.ldirectord is not None else ():
        label = f"virtual {virtual.label}"
        if virtual.persistent is not None and virtual.quiescent:
            yield _TEMPLATE, label
        is_tied = virtual.persistent is not None or virtual.protocol == UDP
        if is_tied and not virtual.quiescent and "ops" not in virtual.scheduler.split():
            yield _NODEST, label
