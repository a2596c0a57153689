# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.tcp.isn import TICKS_PER_SECOND, FlowOffsets, boot_secret, initial_sequence_number

FLOW = (b"\x0a\x00\x00\x15", b"\x0a\x00\x00\x64", 40000, 80)


def test_secret_is_the_same_all_boot_long() -> None:
    assert boot_secret() == boot_secret()
    assert len(boot_secret()) == 36


def test_clock_drives_it() -> None:
    offset = FlowOffsets(b"secret").of(*FLOW)
    first = initial_sequence_number(offset, 1000.0)
    assert initial_sequence_number(offset, 1000.2) - first == TICKS_PER_SECOND // 5


@given(st.floats(0, 4e9), st.floats(0.001, 4000), st.integers(0, 2**32 - 1))
def test_a_later_connection_has_a_higher_number(now: float, pause: float, offset: int) -> None:
    """For two hours and more, half the circle: what a server in TIME_WAIT asks of a new SYN."""
    assert initial_sequence_number(offset, now + pause) > initial_sequence_number(offset, now)


def test_every_part_of_the_flow_counts() -> None:
    source, destination, source_port, destination_port = FLOW
    offsets = {
        FlowOffsets(b"secret").of(*FLOW),
        FlowOffsets(b"other").of(*FLOW),
        FlowOffsets(b"secret").of(b"\x0a\x00\x00\x16", destination, source_port, destination_port),
        FlowOffsets(b"secret").of(source, b"\x0a\x00\x00\x65", source_port, destination_port),
        FlowOffsets(b"secret").of(source, destination, source_port + 1, destination_port),
        FlowOffsets(b"secret").of(source, destination, source_port, destination_port + 1),
        FlowOffsets(b"secret").of(destination, source, destination_port, source_port),
        FlowOffsets(b"secret").of(bytes(16), bytes(16), source_port, destination_port),
    }
    assert len(offsets) == 8
    assert all(0 <= offset < 2**32 for offset in offsets)


def test_it_works_without_a_secret() -> None:
    """Where there is no /proc; and a secret longer than the hash's key is cut."""
    assert FlowOffsets(b"").of(*FLOW) == FlowOffsets(b"").of(*FLOW)
    assert FlowOffsets(bytes(100)).of(*FLOW) == FlowOffsets(bytes(32)).of(*FLOW)
