# SPDX-License-Identifier: GPL-2.0-or-later
"""What the directors have before: a virtual for each of the ways in which the daemon hands out verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.lab.vrrp_conf import vrrp_conf

KEEPALIVED_CONF, LDIRECTORD_CONF = "/run/keepalived.conf", "/run/ha.d/ldirectord.cf"
TOOLS, SERVICES, WRAPPERS, STATE = "/run/tools", "/run/services.d", "/run/wrappers", "/run/lvs-rawcheck"
NOTIFY_SOCKET = "/run/notify"
PORT = 80
REALS = {"a": "10.0.0.42", "b": "10.0.0.43"}
"""By name. In all that is played here a is healthy."""
DIRECTORS = {"lb1": ("10.0.0.11", 150), "lb2": ("10.0.0.12", 100)}
"""Address and priority. lb1 is master wherever it runs."""


@dataclass(frozen=True)
class Virtual:
    """A virtual service on all real servers. name: the way in which its verdicts are handed out."""

    name: str
    vip: str

    @property
    def service(self) -> str:
        """Return what `generate` calls it."""
        return f"tcp-{self.vip}-{PORT}"

    def check_id(self, real: str) -> str:
        """Return the ID of its check of a real server."""
        return f"{self.service}/{REALS[real]}"

    def track_file(self, real: str) -> str:
        """Return where keepalived is told of a real server."""
        return f"{STATE}/track/{self.service}@{REALS[real]}"


MISC, FILE, EXTERNAL = Virtual("misc", "10.0.0.100"), Virtual("file", "10.0.0.101"), Virtual("external", "10.0.0.102")
VIRTUALS = (MISC, FILE, EXTERNAL)

_VIRTUAL = """
virtual_server {vip} {port} {{
    delay_loop {delay_loop}
    lb_algo rr
    lb_kind DR
    protocol TCP
{reals}}}
"""
_REAL = """\
    real_server {address} {port} {{
        TCP_CHECK {{
            connect_timeout {connect_timeout}
            retry 0
        }}
    }}
"""


@dataclass(frozen=True)
class Timers:
    """Of the checks of a virtual, seconds."""

    delay_loop: float
    connect_timeout: float


def keepalived_conf(priority: int, timers: dict[Virtual, Timers]) -> str:
    """Return a director's configuration. timers: of the virtuals that keepalived has; all VIPs are its own."""
    blocks = (_block(virtual, each) for virtual, each in timers.items())
    return vrrp_conf(priority, (virtual.vip for virtual in VIRTUALS)) + "".join(blocks)


def _block(virtual: Virtual, timers: Timers) -> str:
    servers = (
        _REAL.format(address=address, port=PORT, connect_timeout=timers.connect_timeout) for address in REALS.values()
    )
    return _VIRTUAL.format(vip=virtual.vip, port=PORT, delay_loop=timers.delay_loop, reals="".join(servers))


def ldirectord_conf(virtuals: Iterable[Virtual]) -> str:
    """Return what ldirectord has on each director."""
    head = 'checkinterval=3\nchecktimeout=6\nautoreload=yes\nquiescent=no\nlogfile="daemon"\n'
    reals = "".join(f"\treal={address}:{PORT} gate\n" for address in REALS.values())
    settings = "\tchecktype=connect\n\tscheduler=rr\n\tprotocol=tcp\n"
    return head + "".join(f"\nvirtual={virtual.vip}:{PORT}\n{reals}{settings}" for virtual in virtuals)
