# SPDX-License-Identifier: GPL-2.0-or-later
"""/proc/net/ip_vs as the kernel writes it, and whatever else may stand there."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.director.ipvs import Destination, IpvsTable, parse_table, read_table, settled
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.address import parse_address

HEADING = b"""\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
"""
# The shapes of ip_vs_info_seq_show(): flags, persistence, both families, marks, a weight beyond its column.
TABLE = (
    HEADING
    + b"""\
TCP  0A000064:0050 rr
  -> 0A00002A:0050      Route   1      0          0
  -> 0A00002B:0050      Route   0      12         3
UDP  0A000064:0035 wlc ops
  -> 0A00002A:0035      Masq    100000 0          0
TCP  0A000065:01BB sh persistent 360 FFFFFFFF
TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 rr
  -> [2001:0db8:0000:0000:0000:0000:0000:002a]:0050      Route   1      0          0
FWM  0000000A wrr
  -> 0A00002A:0000      Tunnel  7      0          0
FWM  0000000A rr persistent 50 FFFFFFFF
  -> [2001:0db8:0000:0000:0000:0000:0000:002a]:0000      Local   1      0          0
"""
)
VIP, REAL, OTHER = (parse_address(text) for text in ("10.0.0.100", "10.0.0.42", "10.0.0.43"))
VIP6, REAL6 = parse_address("2001:db8::1"), parse_address("2001:db8::2a")


def test_services_and_their_servers() -> None:
    table = parse_table(TABLE)
    assert table.services == {
        ("tcp", VIP, 80): {
            (REAL, 80): Destination(REAL, 80, "Route", 1),
            (OTHER, 80): Destination(OTHER, 80, "Route", 0),
        },
        ("udp", VIP, 53): {(REAL, 53): Destination(REAL, 53, "Masq", 100000)},
        ("tcp", parse_address("10.0.0.101"), 443): {},
        ("tcp", VIP6, 80): {(REAL6, 80): Destination(REAL6, 80, "Route", 1)},
    }


def test_a_mark_of_both_families_has_the_servers_of_both() -> None:
    assert parse_table(TABLE).fwmarks == {
        10: {(REAL, 0): Destination(REAL, 0, "Tunnel", 7), (REAL6, 0): Destination(REAL6, 0, "Local", 1)}
    }


def test_asking_for_one_server() -> None:
    table = parse_table(TABLE)
    assert table.destination("tcp", VIP, 80, (REAL, 80)) is not None
    for protocol, vip, port, real in (
        ("udp", VIP, 80, (REAL, 80)),
        ("tcp", VIP6, 80, (REAL, 80)),
        ("tcp", VIP, 81, (REAL, 80)),
        ("tcp", VIP, 80, (REAL, 81)),
    ):
        assert table.destination(protocol, vip, port, real) is None


def test_an_empty_table_is_a_table() -> None:
    assert parse_table(HEADING).shape() == (set(), set())


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\n\n\n\n",
        HEADING[:20],
        b"IP Virtual Server version 1.2.1 (size=4096)\n",
        HEADING + b"  -> 0A00002A:0050 Route 1 0 0\n",
        HEADING + b"TCP\n",
        HEADING + b"TCP  0A0000:0050 rr\n",
        HEADING + b"TCP  0A000064:50 rr\n",
        HEADING + b"TCP  [2001:db8::g]:0050 rr\n",
        HEADING + b"TCP  10.0.0.1:http rr\n",
        HEADING + b"FWM  rr\n",
        HEADING + b"TCP  0A000064:0050 rr\n  -> 0A00002A:0050\n",
        HEADING + b"TCP  0A000064:0050 rr\n  -> 0A00002A:0050 Route x\n",
        HEADING + b"TCP  0A000064:0050 rr\n  -> \xff\n",
    ],
)
def test_what_is_no_table_is_said_to_be_none(octets: bytes) -> None:
    with pytest.raises(LinkError):
        parse_table(octets)


@given(st.binary() | st.lists(st.sampled_from(TABLE.split(b"\n")) | st.binary(max_size=30)).map(b"\n".join))
def test_any_octets_are_a_table_or_a_link_error(octets: bytes) -> None:
    for each in (octets, HEADING + octets):
        try:
            parse_table(each)
        except LinkError:
            continue


def test_no_ipvs_in_this_kernel_is_not_an_empty_table(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="has no IPVS table"):
        read_table(str(tmp_path / "ip_vs"))


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="cannot be read") as caught:
        read_table(str(tmp_path))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EISDIR


def test_a_reading_that_skipped_a_service_is_not_believed() -> None:
    """The kernel counts services to find its place: one deleted before it, and the next one is skipped."""
    whole, torn = parse_table(TABLE), parse_table(TABLE)
    del torn.services["tcp", VIP6, 80]
    readings = iter([whole, torn, whole, whole, torn])
    assert settled(lambda: next(readings)).shape() == whole.shape()
    assert next(readings) is torn, "it was read until two readings agreed, and no longer"


def test_a_table_that_never_settles_is_an_error() -> None:
    def read() -> IpvsTable:
        readings.append(IpvsTable())
        readings[-1].fwmarks[len(readings)] = {}
        return readings[-1]

    readings: list[IpvsTable] = []
    with pytest.raises(LinkError, match="changed during each"):
        settled(read)
    assert len(readings) == 5


def test_37000_servers_are_read_in_little_time(tmp_path: Path) -> None:
    lines = [HEADING]
    for service in range(2300):
        lines.append(b"TCP  0A%06X:0050 rr  \n" % service)
        for number in range(16):
            lines.append(b"  -> 0B%06X:0050      Route   1      0          0         \n" % (service * 16 + number))
    path = tmp_path / "ip_vs"
    path.write_bytes(b"".join(lines))
    began = time.process_time()
    table = read_table(str(path))
    assert time.process_time() - began < 2.0
    assert sum(map(len, table.services.values())) == 2300 * 16
