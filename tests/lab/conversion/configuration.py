# SPDX-License-Identifier: GPL-2.0-or-later
"""The site's configuration before, and where things are."""

from __future__ import annotations

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


def configuration(priority: int) -> str:
    """Return a director's configuration: a server asked over TCP, one over HTTP, weights and timers that differ."""
    return f"""\
global_defs {{
    enable_script_security
    script_user root
    vrrp_garp_master_delay 1
}}

vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    state BACKUP
    priority {priority}
    advert_int 1
    virtual_ipaddress {{
        {VIP}/32
    }}
}}

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
