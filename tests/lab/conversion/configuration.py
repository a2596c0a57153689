# SPDX-License-Identifier: GPL-2.0-or-later
"""The site's configuration before, and where things are."""

from __future__ import annotations

from tests.lab.vrrp_conf import vrrp_conf

VIP, PORT = "10.0.0.100", 80
CONF = "/run/keepalived.conf"
TOOLS, SERVICES, STATE = "/run/tools", "/run/services.d", "/run/lvs-rawcheck"
OWN_COPY = "/run/program"
"""A host's own copy of what lies in a checkout's folder."""
PROGRAM = f"{OWN_COPY}/lvs_rawcheck/cli/launcher.py"
"""What the link in TOOLS leads to: keepalived follows the link as it reads a stanza, and runs this file."""
SERVICE = f"tcp-{VIP}-{PORT}"
PRIORITIES = {"lb1": 150, "lb2": 100}
"""Of the directors, by name."""
_VIRTUAL_SERVER = f"""
virtual_server {VIP} {PORT} {{
    delay_loop 6
    lb_algo rr
    lb_kind DR
    protocol TCP

    real_server 10.0.0.42 {PORT} {{
        weight 3
        TCP_CHECK {{
            connect_timeout 2
            retry 0
        }}
    }}
    real_server 10.0.0.43 {PORT} {{
        weight 5
        delay_loop 5
        HTTP_GET {{
            url {{
                path /
                status_code 200
            }}
            connect_timeout 2
            retry 1
            delay_before_retry 2
        }}
    }}
}}
"""


def configuration(priority: int) -> str:
    """Return a director's configuration: a server asked over TCP, one over HTTP, weights and timers that differ."""
    return vrrp_conf(priority, [VIP]) + _VIRTUAL_SERVER
