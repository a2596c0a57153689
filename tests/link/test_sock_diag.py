# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the kernel would hand a SYN for the VIP to a listener of this host."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from lvs_rawcheck.link.sock_diag import listener
from tests.netns.roles import real_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

VIP_V4 = ip_address("10.0.0.100").packed
VIP_V6 = ip_address("2001:db8::100").packed
PORT = 80


@pytest.fixture
def host(network: Network) -> Iterator[Host]:
    made = real_server(network, "local", ["10.0.0.21/24", "2001:db8::21/64"], ["10.0.0.100", "2001:db8::100"])
    with made.entered():
        yield made


@contextmanager
def _listening(address: str, v6_only: int = 1) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
        sock.bind((address, PORT))
        sock.listen()
        yield sock


@pytest.mark.usefixtures("host")
def test_nothing_listens() -> None:
    assert not listener(VIP_V4, PORT)
    assert not listener(VIP_V6, PORT)


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(
    ("address", "v6_only", "accepts_v4", "accepts_v6"),
    [
        ("0.0.0.0", 0, True, False),
        ("10.0.0.100", 0, True, False),
        ("10.0.0.21", 0, False, False),
        ("::", 0, True, True),
        ("::", 1, False, True),
        ("2001:db8::100", 1, False, True),
        ("2001:db8::21", 1, False, False),
        ("::ffff:10.0.0.100", 0, True, False),
    ],
)
def test_listener_on(address: str, v6_only: int, accepts_v4: bool, accepts_v6: bool) -> None:
    with _listening(address, v6_only):
        assert (listener(VIP_V4, PORT), listener(VIP_V6, PORT)) == (accepts_v4, accepts_v6)
        assert not listener(VIP_V4, PORT + 1)


@pytest.mark.usefixtures("host")
def test_a_socket_that_is_bound_and_does_not_listen_is_no_listener() -> None:
    with socket.socket() as sock:
        sock.bind(("10.0.0.100", PORT))
        assert not listener(VIP_V4, PORT)


@pytest.mark.usefixtures("host")
def test_connections_that_outlive_their_listener_are_no_listener() -> None:
    with _listening("10.0.0.100") as server, socket.create_connection(("10.0.0.100", PORT)):
        accepted, _ = server.accept()
        assert listener(VIP_V4, PORT)
        server.close()
        assert not listener(VIP_V4, PORT)
        accepted.close()
