# SPDX-License-Identifier: GPL-2.0-or-later
"""PacketLink between two hosts on a switch: what leaves, what arrives, and what goes wrong."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator

import pytest

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import ACCEPT_OCTETS, DROP_ALL, RETURN
from lvs_rawcheck.link.packet import ANY_INTERFACE, PACKET_HOST, Frame, PacketLink, interface_name
from tests.netns.services import capture, tcp_server
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

PASS_ALL = ((RETURN, 0, 0, ACCEPT_OCTETS),)
EXPERIMENT = 0x88B5  # EtherType for local experiments: no kernel answers it
IPV4 = 0x0800
NOBODY = 65534


@pytest.fixture
def director(network: Network) -> Host:
    return network.host("director", ["10.0.0.21/24"])


@pytest.fixture
def real(network: Network) -> Host:
    return network.host("real", ["10.0.0.42/24"])


def open_link(host: Host, receive_index: int | None = None) -> PacketLink:
    with host.entered():
        return PacketLink(host.index(), host.mac_octets, PASS_ALL, receive_index)


def receive_all(link: PacketLink) -> None:
    """Receive until there is nothing more."""
    while link.receive() is not None:
        pass


def next_frame(link: PacketLink, ethertype: int = EXPERIMENT) -> Frame:
    """Return the next frame of an EtherType; kernels say other things in between."""
    found: list[Frame] = []

    def arrived() -> bool:
        while (frame := link.receive()) is not None:
            if frame.ethertype == ethertype:
                found.append(frame)
                return True
        return False

    wait_until(arrived, f"a frame of type {ethertype:#06x}")
    return found[0]


@pytest.fixture
def links(director: Host, real: Host) -> Iterator[tuple[PacketLink, PacketLink]]:
    ours, theirs = open_link(director), open_link(real)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_frame_arrives_as_it_was_sent(links: tuple[PacketLink, PacketLink], director: Host, real: Host) -> None:
    ours, theirs = links
    with capture(real) as recorded:
        ours.send(b"some octets", real.mac_octets, EXPERIMENT)
        frame = next_frame(theirs)
        whole = real.mac_octets + director.mac_octets + b"\x88\xb5some octets"
        assert whole in [captured.octets for captured in recorded.frames()]
    assert frame.octets == b"some octets"
    assert isinstance(frame.octets, bytes)
    assert frame.source_mac == director.mac_octets
    assert (frame.packet_type, frame.checksum_ready) == (PACKET_HOST, True)
    assert frame.interface_index == real.index()


def test_a_short_frame_does_not_hold_octets_of_the_longer_one_before(
    links: tuple[PacketLink, PacketLink], real: Host
) -> None:
    ours, theirs = links
    for octets in (b"x" * 1500, b"y"):
        ours.send(octets, real.mac_octets, EXPERIMENT)
    assert [next_frame(theirs).octets for _ in range(2)] == [b"x" * 1500, b"y"]


def test_a_frame_as_long_as_offloading_makes_it_arrives_whole(network: Network) -> None:
    director, real = network.host("director"), network.host("real")
    for host in (director, real):
        host.ip("link", "set", "eth0", "mtu", "65535")
    network.set_port_mtu(65535)
    ours, theirs = open_link(director), open_link(real)
    ours.send(bytes(range(256)) * 255, real.mac_octets, EXPERIMENT)
    assert next_frame(theirs).octets == bytes(range(256)) * 255
    ours.close()
    theirs.close()


def test_own_frames_are_not_heard(links: tuple[PacketLink, PacketLink], real: Host) -> None:
    ours, theirs = links
    ours.send(b"ours", real.mac_octets, EXPERIMENT)
    theirs.send(b"theirs", ours.own_mac, EXPERIMENT)
    assert next_frame(ours).octets == b"theirs"


def test_unfinished_checksums_are_told(director: Host, real: Host) -> None:
    """A veth's kernel leaves the TCP checksum to hardware that is not there."""
    tcp_server(real, "10.0.0.42", 80)
    link = open_link(director)
    with director.entered(), socket.create_connection(("10.0.0.42", 80), timeout=5):
        assert not next_frame(link, IPV4).checksum_ready
    link.close()


@pytest.mark.parametrize("anywhere", [False, True])
def test_what_passed_before_the_link_was_opened_is_not_received(director: Host, real: Host, anywhere: bool) -> None:
    """Also where the filter would have dropped it: a flood must leave nothing in the queue."""
    sender = open_link(real)
    for _ in range(100):
        sender.send(b"before", director.mac_octets, EXPERIMENT)
    receive_index = ANY_INTERFACE if anywhere else director.index()
    with director.entered():
        link = PacketLink(director.index(), director.mac_octets, DROP_ALL, receive_index)
    assert link.receive() is None
    link.close()
    sender.close()


def test_an_answer_on_another_interface(network: Network, director: Host, real: Host) -> None:
    director.attach("eth1")
    one, every = open_link(director, director.index("eth1")), open_link(director, ANY_INTERFACE)
    sender = open_link(real)
    eth1 = bytes.fromhex(director.macs["eth1"].replace(":", ""))
    sender.send(b"to eth0", director.mac_octets, EXPERIMENT)
    sender.send(b"to eth1", eth1, EXPERIMENT)
    assert next_frame(one).octets == b"to eth1"
    with director.entered():  # the index is looked up by name
        heard = [next_frame(every), next_frame(every)]
    assert [(frame.octets, frame.interface_index) for frame in heard] == [
        (b"to eth0", director.index()),
        (b"to eth1", director.index("eth1")),
    ]
    for link in (one, every, sender):
        link.close()


def test_a_full_queue_loses_frames_and_counts_them(director: Host, real: Host) -> None:
    director.run(["tc", "qdisc", "add", "dev", "eth0", "root", "pfifo", "limit", "0"])
    link = open_link(director)
    link.send(b"lost", real.mac_octets, EXPERIMENT)
    assert link.dropped == 1
    link.close()


def test_a_frame_longer_than_the_mtu(links: tuple[PacketLink, PacketLink], real: Host) -> None:
    ours, _ = links
    with pytest.raises(LinkError, match="interface eth0 refused a frame longer than its MTU"):
        ours.send(bytes(9000), real.mac_octets, EXPERIMENT)


def test_an_interface_that_is_down(links: tuple[PacketLink, PacketLink], director: Host, real: Host) -> None:
    ours, _ = links
    director.ip("link", "set", "eth0", "down")
    with pytest.raises(LinkError, match="interface eth0 is down"):
        receive_all(ours)
    with pytest.raises(LinkError, match="interface eth0 is down"):
        ours.send(b"x", real.mac_octets, EXPERIMENT)


def test_opening_on_an_interface_that_is_down(director: Host) -> None:
    director.ip("link", "set", "eth0", "down")
    with director.entered(), pytest.raises(LinkError, match="interface eth0 is down"):
        PacketLink(director.index(), director.mac_octets, PASS_ALL)


def test_an_interface_that_comes_back_is_heard_again(
    links: tuple[PacketLink, PacketLink], director: Host, real: Host
) -> None:
    ours, theirs = links
    director.ip("link", "set", "eth0", "down")
    with pytest.raises(LinkError):
        receive_all(ours)
    director.ip("link", "set", "eth0", "up")

    def heard() -> bool:
        theirs.send(b"again", director.mac_octets, EXPERIMENT)
        while (frame := ours.receive()) is not None:
            if frame.octets == b"again":
                return True
        return False

    wait_until(heard, "a frame after the interface came back")


def test_an_interface_that_is_gone(links: tuple[PacketLink, PacketLink], director: Host, real: Host) -> None:
    ours, _ = links
    director.ip("link", "del", "eth0")
    with pytest.raises(LinkError, match="interface eth0 is gone"):
        ours.send(b"x", real.mac_octets, EXPERIMENT)


def test_an_interface_that_never_was(director: Host) -> None:
    with director.entered(), pytest.raises(LinkError, match="no interface with index 999"):
        PacketLink(999, bytes(6), PASS_ALL)


def test_closing_twice(director: Host) -> None:
    link = open_link(director)
    link.close()
    link.close()


def test_without_the_capability(director: Host) -> None:
    """A process of another user, no capability left, is told what it lacks."""
    index, mac = director.index(), director.mac_octets
    reading, writing = os.pipe()
    with director.entered():
        child = os.fork()
        if child == 0:
            _report_as_nobody(writing, index, mac)
    os.close(writing)
    with open(reading) as report:
        said = report.read()
    os.waitpid(child, 0)
    assert said == "no permission to open a packet socket (CAP_NET_RAW)"


def _report_as_nobody(writing: int, index: int, mac: bytes) -> None:
    """Write the error that opening a link gives to an unprivileged process; never returns."""
    try:
        os.setuid(NOBODY)
        PacketLink(index, mac, PASS_ALL)
    except LinkError as refused:
        os.write(writing, str(refused).encode())
    finally:
        os._exit(0)


def test_without_the_right_to_a_large_buffer(director: Host) -> None:
    """CAP_NET_RAW alone, as the daemon has it: the buffer is what net.core.rmem_max allows."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:2]\n"
        "from lvs_rawcheck.link.packet import PacketLink\n"
        "from lvs_rawcheck.link.bpf import DROP_ALL\n"
        "PacketLink(int(sys.argv[2]), bytes(6), DROP_ALL).close()\n"
        "print('opened')"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    only_raw = ["setpriv", "--bounding-set", "-all,+net_raw", "--inh-caps", "-all,+net_raw"]
    done = director.run([*only_raw, "/usr/bin/python3", "-c", code, root, str(director.index())])
    assert done.stdout == "opened\n"


def test_no_descriptor_left_is_no_missing_interface() -> None:
    """The kernel tells names over a socket."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        with pytest.raises(LinkError, match="Too many open files"):
            interface_name(1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
