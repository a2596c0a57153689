# SPDX-License-Identifier: GPL-2.0-or-later
"""redis and memcached: what scripts of a `stream` check talk to."""

from __future__ import annotations

from collections.abc import Sequence

from tests.netns.daemons.daemon import Daemon, everywhere, new_folder
from tests.netns.topology import Host


def redis(host: Host, addresses: Sequence[str], port: int = 6379, password: str | None = None) -> Daemon:
    """Return redis; password: what AUTH must give before anything else is answered."""
    folder = new_folder("redis")
    argv = ["redis-server", "--port", str(port), "--bind", *addresses, "--dir", str(folder), "--save", ""]
    secret = ["--requirepass", password] if password else ["--protected-mode", "no"]
    return Daemon(host, [*argv, *secret], folder).wait_until(everywhere(addresses, [port], rb"\+|-", b"PING\r\n"))


def memcached(host: Host, addresses: Sequence[str], port: int = 11211, udp: int = 0) -> Daemon:
    """Return memcached; udp: another port, none by default.

    An answer by UDP comes from the address that the route to the client has, unless it listens on one only.
    """
    folder = new_folder("memcached")
    listen = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
    size = ["-m", "16", "-t", "1"]
    argv = ["memcached", "-u", "nobody", *size, "-U", str(udp), "-p", str(port), "-l", listen]
    return Daemon(host, argv, folder).wait_until(everywhere(addresses, [port], b"VERSION", b"version\r\n"))
