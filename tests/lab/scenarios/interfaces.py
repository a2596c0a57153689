# SPDX-License-Identifier: GPL-2.0-or-later
"""interfaces.py: raw checks over a VLAN, over bonds, and of a real server whose bond answers from another MAC.

Prints one JSON object a check: what was tried, and what `check --json` said.
"""

from __future__ import annotations

import json
import subprocess
import sys

from lab.network import load_modules, run, wait_until

LAUNCHER = "/opt/lvs-rawcheck/lvs_rawcheck/cli/launcher.py"
VIP = "10.0.0.100"
TLB_CHECKS = 10  # of which about half are answered by the other slave
LISTEN = """
import socket
server = socket.create_server(("", 80), backlog=64)
print("listening", flush=True)
while True:
    server.accept()[0].close()
"""


def namespace(name: str) -> None:
    """Make a host with lo up, which answers for its VIP to nobody's ARP."""
    run("ip", "netns", "add", name)
    inside(name, "ip", "link", "set", "lo", "up")
    inside(name, "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")


def inside(name: str, *command: str) -> str:
    """Return what a command prints in a namespace; it must succeed."""
    return run("ip", "netns", "exec", name, *command)


def cable(name: str, interface: str, port: str) -> None:
    """Plug a new interface of a host into the switch."""
    run("ip", "link", "add", interface, "netns", name, "type", "veth", "peer", "name", port, "netns", "switch")
    inside("switch", "ip", "link", "set", port, "master", "br0", "up")


def bond(name: str, *options: str) -> None:
    """Bundle eth0 and eth1 of a host as bond0."""
    inside(name, "ip", "link", "add", "bond0", "type", "bond", "miimon", "100", *options)
    for interface in ("eth0", "eth1"):
        inside(name, "ip", "link", "set", interface, "master", "bond0")
        inside(name, "ip", "link", "set", interface, "up")
    inside(name, "ip", "link", "set", "bond0", "up")
    if not wait_until(lambda: "LOWER_UP" in inside(name, "ip", "link", "show", "bond0"), 10.0):
        sys.exit(f"bond0 of {name} has no carrier")


def check(what: str, *options: str) -> None:
    """Check the real server from the director and print the result."""
    command = ["ip", "netns", "exec", "director", "/usr/bin/python3", "-I", "-S", LAUNCHER, "check", "tcp"]
    done = subprocess.run(
        [*command, "--json", "-t", "2", *options, "10.0.0.42", VIP, "80"], capture_output=True, text=True
    )
    said = json.loads(done.stdout)
    print(json.dumps({"tried": what, "status": done.returncode, "reason": said["reason"], "detail": said["detail"]}))


def try_vlan() -> None:
    """A tagged VLAN on both sides; the untagged interface below it carries another network."""
    for name, address in (("director", "10.0.0.21/24"), ("real", "10.0.0.42/24")):
        inside(name, "ip", "link", "set", "eth0", "up")
        inside(name, "ip", "link", "add", "link", "eth0", "name", "eth0.10", "type", "vlan", "id", "10")
        inside(name, "ip", "link", "set", "eth0.10", "up")
        inside(name, "ip", "addr", "add", address, "dev", "eth0.10")
    check("vlan")
    inside("real", "ip", "addr", "del", f"{VIP}/32", "dev", "lo")
    check("vlan, VIP missing")
    inside("real", "ip", "addr", "add", f"{VIP}/32", "dev", "lo")
    for name in ("director", "real"):
        inside(name, "ip", "link", "del", "eth0.10")
        inside(name, "ip", "link", "set", "eth0", "down")


def try_bond_of_the_director() -> None:
    """Active-backup, and the active slave loses its link."""
    bond("director", "mode", "active-backup")
    inside("director", "ip", "addr", "add", "10.0.0.21/24", "dev", "bond0")
    inside("real", "ip", "addr", "add", "10.0.0.42/24", "dev", "eth0")
    inside("real", "ip", "link", "set", "eth0", "up")
    check("bond")
    inside("switch", "ip", "link", "set", "p0", "down")
    if not wait_until(lambda: "eth1" in inside("director", "cat", "/sys/class/net/bond0/bonding/active_slave"), 10.0):
        sys.exit("the bond did not change sides")
    check("bond, other slave")


def try_bond_of_the_real_server() -> None:
    """balance-tlb, by hash of the ports: half of the answers leave by the other slave, with that slave's own MAC."""
    inside("real", "ip", "addr", "flush", "dev", "eth0")
    inside("real", "ip", "link", "set", "eth0", "down")
    bond("real", "mode", "balance-tlb", "tlb_dynamic_lb", "0", "xmit_hash_policy", "layer3+4")
    inside("real", "ip", "addr", "add", "10.0.0.42/24", "dev", "bond0")
    for attempt in range(TLB_CHECKS):
        check(f"server's bond, known, {attempt}", "--reply-mac", "known")


def main() -> int:
    """Build two hosts on a switch and try each kind of interface."""
    load_modules("veth", "bridge", "8021q", "bonding")
    namespace("switch")
    inside("switch", "ip", "link", "add", "br0", "type", "bridge")
    inside("switch", "ip", "link", "set", "br0", "up")
    for number, name in enumerate(("director", "real")):
        namespace(name)
        cable(name, "eth0", f"p{2 * number}")
        cable(name, "eth1", f"p{2 * number + 1}")
    inside("director", "ip", "addr", "add", f"{VIP}/32", "dev", "lo")
    inside("real", "ip", "addr", "add", f"{VIP}/32", "dev", "lo")
    listener = subprocess.Popen(
        ["ip", "netns", "exec", "real", "/usr/bin/python3", "-c", LISTEN], stdout=subprocess.PIPE, text=True
    )
    try:
        assert listener.stdout is not None
        listener.stdout.readline()
        try_vlan()
        try_bond_of_the_director()
        try_bond_of_the_real_server()
    finally:
        listener.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
