# SPDX-License-Identifier: GPL-2.0-or-later
"""What the director is told: its keepalived.conf as it was before, and one at a pace at which it can fork."""

from __future__ import annotations

SERVERS = 250
VIP, PORT = "10.0.0.100", 80
DIRECTOR = "10.0.0.21"
PREFIX_LENGTH = 22
ALONE = "10.0.1.250"
"""The real server that is a host of its own, so that its VIP can be taken from it and from no other."""
FARM = tuple(f"10.0.1.{number}" for number in range(1, SERVERS))
"""All the others: addresses of one host, whose MAC they share."""
INTERVAL_SECONDS = 1

CONF, SCRIPTS, SERVICES, STATE = "/run/keepalived.conf", "/run/scripts", "/run/services.d", "/run/lvs-rawcheck"
_ALONE_SECONDS = 5

_HEAD = f"""\
global_defs {{
    enable_script_security
    script_user root
}}
virtual_server {VIP} {PORT} {{
    delay_loop {INTERVAL_SECONDS}
    lb_algo rr
    lb_kind DR
    protocol TCP
"""
_REAL_SERVER = """\
    real_server {address} {port} {{
        TCP_CHECK {{
            connect_timeout 5
            retry 0
        }}
    }}
"""


def configuration() -> str:
    """Return the configuration whose checks are keepalived's own."""
    servers = (_REAL_SERVER.format(address=address, port=PORT) for address in (*FARM, ALONE))
    return _HEAD + "".join(servers) + "}\n"


def slowed(text: str, seconds: int) -> str:
    """Return a configuration with a check of each server in so many seconds; of ALONE, who is waited for, in fewer."""
    opening = f"    real_server {ALONE} {PORT} {{\n"
    pace, wanted = f"    delay_loop {INTERVAL_SECONDS}\n", f"    delay_loop {seconds}\n"
    if text.count(opening) != 1 or text.count(pace) != 1:
        raise ValueError("a configuration of another shape")
    return text.replace(pace, wanted).replace(opening, f"{opening}        delay_loop {_ALONE_SECONDS}\n")
