# SPDX-License-Identifier: GPL-2.0-or-later
"""freeradius, with one user and one secret for all clients."""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Callable, Sequence

from tests.netns.daemons.daemon import Daemon, all_of, new_folder, write
from tests.netns.topology import Host

USER = "alice"
PASSWORD = "open sesame"
SECRET = "between us"
_ANSWER_TIMEOUT = 0.2  # seconds: a datagram that came too early is not answered

_RADIUSD_CONF = """
prefix = /usr
libdir = /usr/lib/freeradius
logdir = {folder}
raddbdir = {folder}
run_dir = {folder}
db_dir = {folder}
pidfile = {folder}/pid
hostname_lookups = no
log {{ destination = stdout }}
security {{
    reject_delay = 0
    status_server = yes
}}
thread pool {{
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 1
}}
modules {{
    files {{ filename = {folder}/users }}
    pap {{ }}
    chap {{ }}
}}
client ipv4 {{
    ipv4addr = 0.0.0.0/0
    secret = "{secret}"
}}
client ipv6 {{
    ipv6addr = ::/0
    secret = "{secret}"
}}
server default {{
{listen}
    authorize {{
        chap
        files
        pap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
        Auth-Type CHAP {{
            chap
        }}
    }}
}}
"""
_LISTEN = """
    listen {{
        type = auth
        ipv{version}addr = {address}
        port = {port}
    }}
"""


def freeradius(host: Host, addresses: Sequence[str], port: int = 1812, secret: str = SECRET) -> Daemon:
    """Return freeradius, which accepts USER with PASSWORD; any client's secret is `secret`."""
    folder = new_folder("freeradius")
    write(folder / "users", f'{USER} Cleartext-Password := "{PASSWORD}"\n')
    listen = "".join(
        _LISTEN.format(version=6 if ":" in address else 4, address=address, port=port) for address in addresses
    )
    write(folder / "radiusd.conf", _RADIUSD_CONF.format(folder=folder, secret=secret, listen=listen))
    daemon = Daemon(host, ["freeradius", "-f", "-d", str(folder), "-n", "radiusd"], folder)
    return daemon.wait_until(all_of(_answers(address, port, secret) for address in addresses))


def _answers(address: str, port: int, secret: str) -> Callable[[], bool]:
    """Return a question by Status-Server, which needs no user (RFC 5997 3)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    header = bytes([12, 77]) + (20 + 18).to_bytes(2, "big") + bytes(16)
    signature = hmac.new(secret.encode(), header + bytes([80, 18]) + bytes(16), hashlib.md5).digest()
    question = header + bytes([80, 18]) + signature

    def ask() -> bool:
        with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(_ANSWER_TIMEOUT)
            try:
                datagrams.connect((address, port))
                datagrams.send(question)
                return datagrams.recv(4096)[1] == question[1]
            except OSError:
                return False

    return ask
