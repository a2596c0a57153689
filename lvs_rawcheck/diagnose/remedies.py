# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps that mend each fault, with the names of `Scene.words` in braces.

A command ends, asks nothing and may be given twice; what wants a decision, or to know more of that host than is
seen from here, is an instruction. No step opens a firewall: which rule it is, and why it is there, is not ours to know.
Reading list: Documentation/networking/ip-sysctl.rst (arp_ignore, arp_announce), sysctl.d(5), interfaces(5),
systemd.network(5), ip-address(8), ip-neighbour(8).
"""

from __future__ import annotations

from lvs_rawcheck.diagnose.fix import THIS_HOST, Fix

_REAL = "{real}"


def by_hand(instruction: str, host: str = _REAL) -> Fix:
    """Return a step that a person must take."""
    return Fix(host, instruction=instruction)


def run(command: str, host: str = _REAL) -> Fix:
    """Return a step that is a command."""
    return Fix(host, command=command)


def _be_quiet(host: str) -> Fix:
    """The VIP on lo without this makes the server answer ARP for it, and steal it from the director."""
    return run("sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2", host)


def _be_quiet_for_ever(host: str) -> Fix:
    """By a file of our name: what it is written over is never somebody else's."""
    settings = r"net.ipv4.conf.all.arp_ignore = 1\nnet.ipv4.conf.all.arp_announce = 2\n"
    return run(f"printf '{settings}' > /etc/sysctl.d/60-lvs-rawcheck.conf", host)


def _have_vip(host: str) -> Fix:
    return run("{ip} addr replace {vip}/{prefix} dev lo", host)


def _have_vip_for_ever(host: str) -> Fix:
    return by_hand(
        "let {vip} outlive a reboot: with ifupdown, the line `up {ip} addr replace {vip}/{prefix} dev lo` below `iface"
        " lo {inet} loopback` in /etc/network/interfaces; with systemd-networkd, `Address={vip}/{prefix}` below"
        " [Network] in a file of /etc/systemd/network whose [Match] is Name=lo",
        host,
    )


def _add_vip4(host: str = _REAL) -> tuple[Fix, ...]:
    return (_be_quiet(host), _have_vip(host), _be_quiet_for_ever(host), _have_vip_for_ever(host))


def _add_vip6(host: str = _REAL) -> tuple[Fix, ...]:
    """IPv6 on lo is announced on no link (net/ipv6/ndisc.c, ndisc_recv_ns): there is nothing to be quieted first."""
    return (_have_vip(host), _have_vip_for_ever(host))


ADD_VIP, ADD_VIP_IPV6 = _add_vip4(), _add_vip6()
ADD_VIP_HERE, ADD_VIP_HERE_IPV6 = _add_vip4(THIS_HOST), _add_vip6(THIS_HOST)
BE_QUIET = (_be_quiet(_REAL), _be_quiet_for_ever(_REAL))
ONLY_ON_LO = by_hand(
    "if it goes on: {vip} is on another interface than lo (ip addr show to {vip}), and arp_ignore does not hide it"
    " there; take it off, but mind the other addresses of that subnet, which the kernel may take along"
)
LEAVE_THE_LINK_IPV6 = (
    _have_vip(_REAL),
    run('ip -6 -o addr show to {vip} | awk \'$2 != "lo" {{print "addr del", $4, "dev", $2}}\' | ip -6 -batch -'),
    by_hand("let {vip} stay on lo alone after a reboot, too: look for it in /etc/network and /etc/systemd/network"),
)
FORGET_IT = by_hand(
    "who has heard it keeps the wrong MAC for a while: clear {vip} in the routers' {arp} tables, or let the active"
    " director say that it has it (keepalived does so by vrrp_garp_master_refresh, and when it becomes MASTER)",
    "the routers",
)
STOP_FORWARDING = by_hand("if it is not meant to be a router, let it forward nothing: sysctl -w {forwarding}=0")
FORGET_NEIGHBOUR = run("{ip} neigh del {real} dev {interface}", THIS_HOST)
NO_PERMANENT_NEIGHBOUR = by_hand(
    "if the entry comes back: look who writes it (`permanent` in {ip} neigh show {real}; `up ip neigh` in"
    " /etc/network/interfaces)",
    THIS_HOST,
)
FIND_THE_RULE = by_hand(
    "look for the rule that takes {what} of {vip}, in the chains of hook prerouting and input (nft list ruleset) or"
    " INPUT and raw PREROUTING ({iptables}-save), and decide whether it is meant to be there"
)
FIND_THE_RULE_FOR_ALL = by_hand(
    "if {vip} is there already (ip addr show to {vip}): look for the rule that drops all of it, in the chains of hook"
    " prerouting and input (nft list ruleset) or INPUT and raw PREROUTING ({iptables}-save)"
)
LISTEN_ON_VIP = by_hand(
    "let the service listen on {endpoint} too, or on all addresses; where it listens now is shown by: {ss}"
)
START_SERVICE = by_hand("start the service; what listens is shown by: {ss}")
ASK_SERVICE = by_hand(
    "see what the service itself says, in its log and when asked at {endpoint}; what listens is shown by: {ss}"
)
