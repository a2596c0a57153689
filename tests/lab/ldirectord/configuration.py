# SPDX-License-Identifier: GPL-2.0-or-later
"""The site's configuration before, and where things are."""

from __future__ import annotations

from dataclasses import dataclass

CONF = "/run/ha.d/ldirectord.cf"
TOOLS, SERVICES, WRAPPERS, STATE = "/run/tools", "/run/services.d", "/run/wrappers", "/run/lvs-rawcheck"
PORT = 80
CHECKTIMEOUT, CHECKINTERVAL = 2, 1  # seconds


@dataclass(frozen=True)
class Virtual:
    """A virtual on both servers. service: its checks' name; reals: the servers' addresses in its family, by name."""

    name: str
    vip: str
    service: str
    reals: dict[str, str]

    @property
    def is_six(self) -> bool:
        """Whether it is one of IPv6."""
        return ":" in self.vip


REALS = {"a": "10.0.0.42", "b": "10.0.0.43"}
REALS_SIX = {"a": "fd00::42", "b": "fd00::43"}
WEB = Virtual("web", "10.0.0.100", "tcp-10.0.0.100-80", REALS)
MAIL = Virtual("mail", "10.0.0.101", "tcp-10.0.0.101-80", REALS)
SIX = Virtual("six", "fd00::100", "tcp-fd00--100-80", REALS_SIX)
VIRTUALS = (WEB, MAIL, SIX)


def quiescent(fork: str) -> dict[str, bool]:
    """Return of which virtuals a server that is down stays in the table, without weight; by their names."""
    return {"web": False, "mail": True, "six": fork == "yes"}


def configuration(fork: str, autoreload: str) -> str:
    """Return it: all servers are asked over their own addresses."""
    head = (
        f"fork={fork}\nautoreload={autoreload}\ncheckinterval={CHECKINTERVAL}\nchecktimeout={CHECKTIMEOUT}\n"
        'logfile="/run/ldirectord.log"\n'
    )
    return head + "".join(_block(virtual, quiescent(fork)[virtual.name]) for virtual in VIRTUALS)


def _block(virtual: Virtual, stays: bool) -> str:
    six, form = ("6", "[{}]") if virtual.is_six else ("", "{}")
    lines = [
        *(f"real{six}={form.format(address)}:{PORT} gate" for address in virtual.reals.values()),
        "checktype=connect",
        f"quiescent={'yes' if stays else 'no'}",
        "scheduler=rr",
        "protocol=tcp",
    ]
    return "".join([f"\nvirtual{six}={form.format(virtual.vip)}:{PORT}\n", *(f"\t{line}\n" for line in lines)])
