# SPDX-License-Identifier: GPL-2.0-or-later
"""Two directors whose instances have every shape of notify scripts of their own."""

from __future__ import annotations

SCRIPT = "/run/site/tell"
SCRIPTS = "/run/ours"
LOG = "site/log"
DIRECTORS = {"lb1": ("10.0.0.11", 100), "lb2": ("10.0.0.12", 90), "lb3": ("10.0.0.13", 100)}
REAL = "10.0.0.42"

# What the site's script notes: whom it runs as, what it may, and its words.
TELL = """\
#!/bin/sh
set -- "$(id -u):$(id -g):$(id -G)" "$(umask)" "$(sed -n 's/^CapEff:.//p' /proc/self/status)" "$@"
line=$1
shift
for word; do line="$line|$word"; done
echo "$line" >>/run/site/log
"""
INSTANCES: dict[str, tuple[str, ...]] = {
    "VI_FREE": (),
    "VI_SPECIFIC": (
        f"notify_master \"{SCRIPT} specific 'two words' ''\" nobody",
        f"notify_backup {SCRIPT} nobody nogroup",
    ),
    "VI_GENERIC": (f'notify "{SCRIPT} generic" nobody daemon',),
    "VI_BOTH": (
        f'notify "{SCRIPT} any" nobody',
        f"notify_master \"{SCRIPT} both 'two words' ''\" nobody",
        f'notify_backup "{SCRIPT} both" nobody daemon',
        f'notify_stop "{SCRIPT} stopped" nobody',
    ),
}

# keepalived that stops gives its scripts one second for all of them: on a machine as slow as this, to few.
OF_DIRECTOR = {"lb1": INSTANCES, "lb2": INSTANCES, "lb3": {"VI_ALONE": INSTANCES["VI_BOTH"]}}
_FIRST_ID = {"lb1": 51, "lb2": 51, "lb3": 61}


def vip(number: int) -> str:
    """Return the VIP of the instance that has this number as its ID."""
    return f"10.0.0.{100 + number}"


def vips(director: str) -> list[str]:
    """Return all VIPs of a director."""
    return [vip(number) for number in range(_FIRST_ID[director], _FIRST_ID[director] + len(OF_DIRECTOR[director]))]


def keepalived_conf(director: str) -> str:
    """Return a director's configuration, a virtual server for each instance."""
    _, priority = DIRECTORS[director]
    parts = ["global_defs {\n    enable_script_security\n}\n"]
    if director != "lb3":
        parts.append("vrrp_sync_group PAIR {\n    group {\n        VI_FREE\n        VI_GENERIC\n    }\n}\n")
    for number, (name, scripts) in enumerate(OF_DIRECTOR[director].items(), _FIRST_ID[director]):
        lines = "".join(f"    {line}\n" for line in scripts)
        parts.append(
            f"vrrp_instance {name} {{\n    interface eth0\n    state BACKUP\n    virtual_router_id {number}\n"
            f"    priority {priority}\n    advert_int 1\n{lines}"
            f"    virtual_ipaddress {{\n        {vip(number)}/32 dev eth0\n    }}\n}}\n"
        )
        parts.append(
            f"virtual_server {vip(number)} 80 {{\n    lb_kind DR\n    protocol TCP\n"
            f"    real_server {REAL} 80 {{\n        TCP_CHECK {{\n        }}\n    }}\n}}\n"
        )
    return "".join(parts)
