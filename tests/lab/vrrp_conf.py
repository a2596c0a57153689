# SPDX-License-Identifier: GPL-2.0-or-later
"""How a keepalived.conf of the laboratory begins: one instance, which is master by its priority, with all VIPs."""

from __future__ import annotations

from collections.abc import Iterable


def vrrp_conf(priority: int, vips: Iterable[str]) -> str:
    """Return it, up to the virtual servers."""
    addresses = "".join(f"        {vip}/32\n" for vip in vips)
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
{addresses}    }}
}}
"""
