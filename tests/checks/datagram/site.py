# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP servers on the hosts of a site, and checks by datagrams made from them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from lvs_rawcheck.checks.base import Conversation, Endpoint, Exchange, Result
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.checks.request import Request
from tests.checks.site import PATIENT, PORT, Family, packed, run
from tests.netns.topology import Host

_SERVER = Path(__file__).with_name("udp_server.py")
ECHO_PORT, SILENT_PORT, WILDCARD_PORT = 7001, 7002, 7003

Step = Callable[[], Conversation | Exchange]


def udp_server(host: Host, address: str, port: int, habit: str) -> None:
    """Start a server; the end of the Network ends it."""
    child = host.popen([sys.executable, "-I", "-S", str(_SERVER), address, str(port), habit])
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line == "READY\n", f"UDP server on {address}:{port} did not start"


def step_of(kind: str, **values: object) -> Step:
    """Return what makes the exchange of a kind with these parameters, each as its converter returns it."""
    loaded = load_kind(kind, lambda: None)
    return loaded.prepare(Values({**defaults(loaded.parameters), **values}))


def datagram_request(
    step: Step, family: Family, port: int = PORT, timeout: float = PATIENT, real: str = "", **options: object
) -> Request:
    """Return the request of one check of the site's VIP; options: attributes of the request."""
    made = Request("test", (step,), packed(real or family.real), [Endpoint(packed(family.vip), port)])
    made.timeout = timeout
    for name, value in options.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


def check(host: Host, wanted: Request, hooks: Hooks | None = None) -> Result:
    """Return the result of a check that is made from a host."""
    return run(host, wanted, hooks)
