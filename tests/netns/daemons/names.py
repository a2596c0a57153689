# SPDX-License-Identifier: GPL-2.0-or-later
"""BIND, with one zone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from tests.netns.daemons.daemon import Daemon, all_of, new_folder, write
from tests.netns.topology import Host

ZONE = "example"
WWW4, WWW6 = "192.0.2.80", "2001:db8:80::80"
_ANSWER_TIMEOUT = 0.2  # seconds: a datagram that came too early is not answered
_QUERY = bytes.fromhex("4a4b0000000100000000000007") + b"example" + bytes.fromhex("0000060001")  # SOA, RFC 1035 4.1

_NAMED_CONF = """
options {{
    directory "{folder}";
    pid-file "{folder}/pid";
    session-keyfile "{folder}/session.key";
    listen-on port {port} {{ {ipv4} }};
    listen-on-v6 port {port} {{ {ipv6} }};
    interface-interval 0;
    automatic-interface-scan no;
    recursion no;
    dnssec-validation no;
    notify no;
    minimal-responses no;
}};
controls {{ }};
zone "{zone}" {{ type primary; file "{folder}/zone"; }};
"""
_RECORDS = f"""
$TTL 300
@      SOA   ns hostmaster 1 3600 600 86400 300
@      NS    ns
ns     A     192.0.2.53
www    A     {WWW4}
www    AAAA  {WWW6}
alias  CNAME www
@      MX    10 mail
mail   A     192.0.2.25
text   TXT   "the service is healthy"
"""


def named(host: Host, addresses: Sequence[str], port: int = 53) -> Daemon:
    """Return BIND, authority of ZONE, on UDP and TCP; a query for any other zone is refused."""
    folder = new_folder("named")
    ipv4, ipv6 = (" ".join(f"{a};" for a in addresses if (":" in a) == is_ipv6) for is_ipv6 in (False, True))
    text = _NAMED_CONF.format(folder=folder, port=port, ipv4=ipv4 or "none;", ipv6=ipv6 or "none;", zone=ZONE)
    configuration = write(folder / "named.conf", text)
    write(folder / "zone", _RECORDS)
    daemon = Daemon(host, ["named", "-g", "-n", "1", "-c", str(configuration)], folder)
    return daemon.wait_until(all_of(answers(address, port) for address in addresses))


def answers(address: str, port: int) -> Callable[[], bool]:
    """Return the question whether a name server gives any answer."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def ask() -> bool:
        with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(_ANSWER_TIMEOUT)
            try:
                datagrams.connect((address, port))
                datagrams.send(_QUERY)
                return datagrams.recv(512)[:2] == _QUERY[:2]
            except OSError:
                return False

    return ask
