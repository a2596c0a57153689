# SPDX-License-Identifier: GPL-2.0-or-later
"""All that `doctor` can find: how bad it is, what it is, and why it matters. The man page lists the same, in order.

What an operator may have chosen on purpose, and what harms no check and no client, is none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lvs_rawcheck.diagnose.finding import ERROR, WARNING, Finding
from lvs_rawcheck.diagnose.fix import THIS_HOST, Fix
from lvs_rawcheck.diagnose.remedies import by_hand, run


@dataclass(frozen=True, slots=True)
class Cause:
    """One row. what: the fault, whatever its place; why: what it does to checks, traffic or operators."""

    severity: str
    what: str
    why: str


CAUSES = {
    "no-net-raw": Cause(
        ERROR,
        "root may not open packet sockets here",
        "without CAP_NET_RAW no raw check can be made: each makes the standard check instead, which does not prove the"
        " VIP's path",
    ),
    "program-without-net-raw": Cause(
        ERROR,
        "keepalived, ldirectord or the daemon runs without CAP_NET_RAW",
        "the checks that it starts cannot open packet sockets: they make the standard check instead",
    ),
    "check-user": Cause(
        ERROR,
        "a check of ours runs as another user than root",
        "keepalived leaves such a process no capability, so it can open no packet socket and makes the standard check",
    ),
    "role-file": Cause(
        WARNING,
        "a role file that services follow is missing or says nothing",
        "its checks take this director for the standby, and make the standard check",
    ),
    "role": Cause(
        ERROR,
        "a role file says something else than the VIPs",
        "checks follow the file: on the active director they would be standard ones, which a server without the VIP"
        " passes",
    ),
    "role-of-earlier-boot": Cause(
        WARNING,
        "a role file was written before the last boot",
        "nobody has told a role since: the file says what was so then",
    ),
    "role-owner": Cause(
        ERROR,
        "others than root can write a role file",
        "whoever says that this director is the standby turns its raw checks off",
    ),
    "no-way": Cause(
        ERROR,
        "a check has no way out as it is configured",
        "the raw check cannot be made at all: every run makes the standard one",
    ),
    "log-martians": Cause(
        WARNING,
        "log_martians is on where answers from a VIP of this host arrive",
        "an answer's source is an address of this host, so the kernel writes one line to its log for each answer to a"
        " check",
    ),
    "strict-reverse-path": Cause(
        WARNING,
        "rp_filter is strict where answers arrive by another interface than the route's",
        "raw checks hear such answers before the filter, but the kernel drops those to standard checks: on a standby"
        " healthy servers are taken out",
    ),
    "vip-not-announced": Cause(
        ERROR,
        "arp_ignore keeps this director from answering for a VIP that it holds",
        "clients and routers lose the VIP as soon as their ARP entry is too old",
    ),
    "vip-announced-by-standby": Cause(
        ERROR,
        "this standby answers ARP for a VIP on its loopback interface",
        "clients may come to this director while another one is master",
    ),
    "nonlocal-bind": Cause(
        ERROR,
        "ip_nonlocal_bind lets a checker connect from an address that is not here",
        "its answers go to whoever holds that address: the check fails, and the server is taken out here",
    ),
    "output-dropped": Cause(
        ERROR,
        "a rule of nftables drops what a check sends, or the answer to a standard check",
        "the check fails, or cannot judge, whatever the server does",
    ),
    "neighbour-table-small": Cause(
        WARNING,
        "the neighbour table has too little room for the real servers",
        "above gc_thresh2 the kernel throws out entries after five seconds, above gc_thresh3 it refuses new ones: IPVS"
        " then forwards to nobody",
    ),
    "neighbour-table-overflowed": Cause(
        WARNING,
        "the neighbour table has been full since the last boot",
        "packets to servers without an entry were lost, and may be again",
    ),
    "clients-of-removed-server": Cause(
        WARNING,
        "expire_nodest_conn is off, and failed servers of a UDP or persistent service leave the table",
        "packets of their clients are dropped, and each keeps the old entry alive: they hang, instead of being reset or"
        " sent to another server",
    ),
    "clients-of-quiesced-server": Cause(
        WARNING,
        "expire_quiescent_template is off, and a persistent service's failed servers stay in the table with weight 0",
        "clients that have been there before are sent to the failed server until their persistence runs out",
    ),
    "keepalived-version": Cause(
        ERROR,
        "this version of keepalived does not do what the configuration asks for",
        "checks are lost, and servers stay in the pool that nobody checks",
    ),
    "config-fault": Cause(
        WARNING,
        "keepalived -t finds fault with the configuration, or ldirectord refuses a line",
        "what it does not understand it leaves out, and may leave a server without a check",
    ),
    "script-security": Cause(
        WARNING,
        "scripts run as root, and enable_script_security is not set",
        "whoever can write a script, or a folder above it, is root here",
    ),
    "script-dropped": Cause(
        ERROR,
        "keepalived would not run a script, or another than is meant",
        "it drops a check whose script it refuses, and the server is up for ever; a missing interpreter counts as"
        " success",
    ),
    "left-out": Cause(
        ERROR,
        "the configuration has a check of ours that keepalived does not run",
        "its server is in the pool, and nobody checks it",
    ),
    "unregistered": Cause(
        ERROR,
        "the configuration calls a check that the registry lacks",
        "such a check fails, so a healthy server stays out of the pool until the two agree",
    ),
    "other-target": Cause(
        ERROR,
        "a check proves another server or VIP than it decides about",
        "what it finds says nothing of where the clients' packets go",
    ),
    "unused-service": Cause(
        WARNING,
        "no configuration asks for a service of the registry",
        "nothing acts on what its checks find",
    ),
    "wrapper": Cause(
        ERROR,
        "ldirectord cannot run a wrapper that its configuration names",
        "ldirectord takes every server of that virtual service out",
    ),
    "registry-file": Cause(
        ERROR,
        "a service file cannot be used",
        "none of its checks can be made, by the daemon or one by one",
    ),
    "registry-closed": Cause(
        ERROR,
        "the daemon may not read a service file",
        "the daemon does without that service, and its checks are made one by one",
    ),
    "wall-clock": Cause(
        WARNING,
        "the time of day is wrong",
        "certificates seem not to be valid yet, so checks that look at them fail",
    ),
    "uptime-differs": Cause(
        ERROR,
        "/proc/uptime and the kernel's clock differ",
        "the script verdict reads the one and the daemon writes the other: verdicts are never fresh, or for too long",
    ),
    "state-missing": Cause(
        ERROR,
        "a state folder is missing",
        "roles, modes and verdicts have no place: the daemon cannot tell what it finds",
    ),
    "state-not-volatile": Cause(
        WARNING,
        "the state folder outlives a boot",
        "its times count from the boot: roles and verdicts of before may be taken for those of now",
    ),
    "state-read-only": Cause(
        ERROR,
        "the state folder cannot be written to",
        "roles stay as they are, and so does all that the daemon says",
    ),
    "state-full": Cause(
        ERROR,
        "the state folder's file system is full",
        "a new role or verdict cannot be written: the old one stays",
    ),
    "state-owner": Cause(
        ERROR,
        "a state folder belongs to somebody else, or others can write to it",
        "checks do not use such a folder: without it they log everything, remember nothing, and follow no mode",
    ),
    "daemon-not-running": Cause(
        ERROR,
        "the daemon is enabled and does not run",
        "track files stay as they are, and other checks are made one by one, which takes far more time",
    ),
    "daemon-gone": Cause(
        ERROR,
        "keepalived is told by track files, and no daemon keeps them",
        "whatever happens to a server, keepalived does not learn it",
    ),
    "daemon-outdated": Cause(
        WARNING,
        "the daemon runs another program than the one installed",
        "it was started before the last upgrade, and what that mended is still broken in it",
    ),
    "hold-left-behind": Cause(
        WARNING,
        "an upgrade was begun and not ended",
        "the package may be half installed: checks that need what is missing cannot judge",
    ),
    "mode-override": Cause(
        WARNING,
        "a mode was set by hand, and raw checks do not decide",
        "a server that has lost its VIP stays in the pool for as long as that holds",
    ),
}


def found(
    cause: str, where: str, what: str, fixes: Sequence[Fix], evidence: Sequence[str] = (), why: str = ""
) -> Finding:
    """Return a finding of a cause. what: how it shows here; why: what it does here, where the table says too little."""
    row = CAUSES[cause]
    return Finding(cause, row.severity, where, f"{what.rstrip('.')}: {why or row.why}", list(evidence), list(fixes))


def command(text: str) -> Fix:
    """Return a command for root on this director."""
    return run(text, THIS_HOST)


def instruction(text: str) -> Fix:
    """Return what a person must do on this director."""
    return by_hand(text, THIS_HOST)
