# SPDX-License-Identifier: GPL-2.0-or-later
"""The site, its configuration in several states, and what is done to it."""

from __future__ import annotations

from dataclasses import dataclass

DIRECTOR, REAL, OTHER = "10.0.0.21", "10.0.0.42", "10.0.0.43"
VIP, PORT = "10.0.0.100", 80
SERVICE = "tcp-10.0.0.100-80"
ID, OTHER_ID = f"{SERVICE}/{REAL}", f"{SERVICE}/{OTHER}"
SCRIPTS, SERVICES, STATE = "/run/scripts", "/run/services.d", "/run/lvs-rawcheck"
ROLE_FILE = f"{STATE}/role/VI_1"
DELAY_LOOP = 5

SERVICE_FILE = f"""\
endpoint = ["{VIP}:{PORT}"]
protocol = "tcp"
role_file = "{ROLE_FILE}"
timeout = 4.0

[[check]]
kind = "tcp"

[[real_server]]
address = "{REAL}"

[[real_server]]
address = "{OTHER}"
"""


def stanza(check_id: str, *further: str, scripts: str = SCRIPTS) -> str:
    """Return a stanza of ours, with its marker, and further lines inside."""
    return f"""\
        # lvs-rawcheck {check_id}, added
        MISC_CHECK {{
            misc_path "{scripts}/verdict {check_id}"
            misc_timeout 8
            user root
            warmup 0
            {"".join(further)}
        }}
"""


def config(first: str, second: str, before: str = "", virtual: str = f"{VIP} {PORT}", of_virtual: str = "") -> str:
    """Return a configuration; before: what stands before the second server's checks."""
    return f"""
{before}
virtual_server {virtual} {{
    delay_loop {DELAY_LOOP}
    lb_algo rr
    lb_kind DR
    protocol TCP
    {of_virtual}
    real_server {REAL} {PORT} {{
{first}    }}
    real_server {OTHER} {PORT} {{
{second}    }}
}}
"""


SOUND = config(stanza(ID), stanza(OTHER_ID))
GROUP = f"virtual_server_group WEB {{\n    {VIP} {PORT}\n}}\n"
UNKNOWN = "        shiny_new_word {\n        }\n"


@dataclass(frozen=True)
class Fault:
    """One thing done to the site, and taken back: a shell command each, or another configuration, loaded.

    kinds: of the findings that must be there, each with its place; there must be no other.
    """

    name: str
    found: dict[str, set[str]]
    do: str = "true"
    undo: str = "true"
    config: str | None = None
    loaded: bool = True
    """The running keepalived reads the configuration."""
    says: str = ""
    """Words of the findings."""
    settles: bool = False
    """It changes verdicts: both servers must be back in the table before the next."""


REGISTERED = f"{SERVICES}/{SERVICE}.toml"
LAST_OTHER = f"{STATE}/last/{OTHER_ID}"


def until(condition: str) -> str:
    """Return a shell's wait for something; the laboratory ends it after half a minute."""
    return f"until {condition}; do sleep 0.2; done"


FAULTS = (
    Fault(
        "degraded",
        {"degraded": {ID, OTHER_ID}},
        f"cp {REGISTERED} /run/kept && sed -i '1i interface = \"nope0\"' {REGISTERED} && "
        + until(f"grep -q ' standard ' {LAST_OTHER} && grep -q ' standard ' {STATE}/last/{ID}"),
        f"mv /run/kept {REGISTERED}",
        says="standard check in the place of the raw one",
        settles=True,
    ),
    Fault(
        "failed, but in the table",
        {"failed-in-table": {f"{OTHER}:{PORT} of tcp {VIP}:{PORT}"}},
        f"cp {REGISTERED} /run/kept && printf '[[real_server.check]]\nkind = \"http\"\n' >>{REGISTERED} && "
        + until("! ipvsadm -Ln | grep -q 10.0.0.43")
        + f" && ipvsadm -a -t {VIP}:{PORT} -r {OTHER}:{PORT} -g -w 1",
        f"ipvsadm -d -t {VIP}:{PORT} -r {OTHER}:{PORT} && mv /run/kept {REGISTERED}",
        settles=True,
    ),
    Fault(
        "another VIP",
        {"other-vip": {ID, OTHER_ID}},
        f"cp {REGISTERED} /run/kept && sed -i 's/{VIP}:80/{VIP}:81/' {REGISTERED}",
        f"mv /run/kept {REGISTERED}",
        says=f"does not prove {VIP}:80",
        settles=True,
    ),
    Fault(
        "mode",
        {"mode": {ID, OTHER_ID}},
        f"printf 'observe -\\n' >/run/mode && install -D -m 644 /run/mode {STATE}/mode/{SERVICE}",
        f"rm {STATE}/mode/{SERVICE}",
        says="observe, set by hand",
    ),
    Fault("role file lies", {"role": {ROLE_FILE}}, f"echo 0 >{ROLE_FILE}", f"echo 1 >{ROLE_FILE}", says="says backup"),
    Fault(
        "role file gone",
        {"role-file": {ROLE_FILE}},
        f"mv {ROLE_FILE} /run/kept",
        f"mv /run/kept {ROLE_FILE}",
        says="No such file",
    ),
    Fault(
        "table altered",
        {"not-in-table": {f"{REAL}:{PORT} of tcp {VIP}:{PORT}"}, "foreign": {f"10.0.0.99:80 of tcp {VIP}:{PORT}"}},
        f"ipvsadm -d -t {VIP}:{PORT} -r {REAL}:{PORT} && ipvsadm -a -t {VIP}:{PORT} -r 10.0.0.99:{PORT} -g -w 1",
        f"ipvsadm -a -t {VIP}:{PORT} -r {REAL}:{PORT} -g -w 1 && ipvsadm -d -t {VIP}:{PORT} -r 10.0.0.99:{PORT}",
    ),
    Fault(
        "interpreter gone",
        {"script": {ID, OTHER_ID}},
        f"sed -i 's:#!/bin/sh:#!/no/such/sh:' {SCRIPTS}/verdict",
        f"sed -i 's:#!/no/such/sh:#!/bin/sh:' {SCRIPTS}/verdict",
        says="takes for success",
    ),
    Fault(
        "not reloaded",
        {"other-command": {OTHER_ID}},
        config=config(stanza(ID), stanza(OTHER_ID, scripts="/run/scripts/./new")),
        loaded=False,
    ),
    Fault(
        "wrong script path",
        {"not-live": {OTHER_ID}},
        config=config(stanza(ID), stanza(OTHER_ID, scripts="/run/no/such")),
        says="keepalived drops what it cannot run",
    ),
    Fault(
        "unknown user",
        {"not-live": {OTHER_ID}},
        config=config(stanza(ID), stanza(OTHER_ID).replace("user root", "user no-such-user")),
        says="no-such-user",
    ),
    Fault(
        "unknown word",
        {"marker": {""}},
        config=config(stanza(ID), UNKNOWN + stanza(OTHER_ID)),
        says="unknown word",
    ),
    Fault(
        "ha_suspend with a group",
        {"ha-suspend": {"[WEB]:0"}},
        config=config(stanza(ID), stanza(OTHER_ID), GROUP, "group WEB", "ha_suspend"),
    ),
    Fault(
        "misc_dynamic and a short misc_timeout",
        {"dynamic": {ID}, "misc-timeout": {ID}},
        config=config(stanza(ID, "misc_dynamic\n", "misc_timeout 4\n"), stanza(OTHER_ID)),
    ),
    Fault(
        "another user",
        {"user": {ID}},
        config=config(
            stanza(ID).replace("            user root\n", ""),
            stanza(OTHER_ID),
            "global_defs {\n    script_user nobody\n}\n",
        ),
        says="as user 65534",
    ),
    Fault(
        "service file gone",
        {"unregistered": {ID, OTHER_ID}},
        f"mv {SERVICES} /run/kept && mkdir {SERVICES}",
        f"rmdir {SERVICES} && mv /run/kept {SERVICES}",
        says="the registry lacks it",
    ),
)
