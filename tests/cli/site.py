# SPDX-License-Identifier: GPL-2.0-or-later
"""A small site: one director that holds the VIPs, one healthy real server with a web server on each."""

from __future__ import annotations

from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

DIRECTOR_IP, REAL_IP, VIP = "10.0.0.21", "10.0.0.42", "10.0.0.100"
DIRECTOR_IP6, REAL_IP6, VIP6 = "2001:db8::21", "2001:db8::42", "2001:db8::100"
PORT = "80"
CLOSED_PORT = "81"
NOBODY_IP = "10.0.0.99"  # no such host


class Site:
    """director: active. standby: holds no VIP. server: healthy, listens on VIPs and own addresses."""

    def __init__(self, network: Network) -> None:
        prefixed = [f"{DIRECTOR_IP}/24", f"{DIRECTOR_IP6}/64"]
        self.director: Host = director(network, "director", prefixed, [VIP, VIP6])
        self.standby: Host = director(network, "standby", ["10.0.0.22/24", "2001:db8::22/64"])
        self.server: Host = real_server(network, "server", [f"{REAL_IP}/24", f"{REAL_IP6}/64"], [VIP, VIP6])
        for address in (VIP, VIP6, REAL_IP, REAL_IP6):
            tcp_server(self.server, address, int(PORT))
