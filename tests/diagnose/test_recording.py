# SPDX-License-Identifier: GPL-2.0-or-later
"""The capture, read back by others: every frame, whole, in order, at its time."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

from lvs_rawcheck.diagnose.recording import RecordedFrame, Recording
from lvs_rawcheck.link.memory import memory_cable
from lvs_rawcheck.link.tracer import RECEIVED, SENT

OWN_MAC, REAL_MAC = bytes.fromhex("020000000100"), bytes.fromhex("020000000200")
PAYLOADS = [b"first", b"second" * 100, b"third"]


@pytest.fixture
def recording() -> Recording:
    """Two frames sent, one received between them, by a link that is recorded."""
    own, far = memory_cable(OWN_MAC, REAL_MAC)
    recording = Recording()
    link = recording.wrap(own)
    link.send(PAYLOADS[0], REAL_MAC, 0x1234)
    far.send(PAYLOADS[1], OWN_MAC, 0x1234)
    assert link.receive() is not None
    assert link.receive() is None
    link.send(PAYLOADS[2], REAL_MAC, 0x1234)
    link.close()
    far.close()
    return recording


def test_frames_are_kept_in_order_with_their_direction(recording: Recording) -> None:
    assert [frame.direction for frame in recording.frames] == [SENT, RECEIVED, SENT]
    assert [frame.octets[14:] for frame in recording.frames] == PAYLOADS
    assert recording.frames[0].octets[:12] == REAL_MAC + OWN_MAC
    assert recording.frames[1].octets[:12] == OWN_MAC + REAL_MAC
    times = [frame.time for frame in recording.frames]
    assert times == sorted(times)


def test_scapy_reads_the_capture(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(recording.to_pcap())
    packets = rdpcap(str(path))
    assert [bytes(packet) for packet in packets] == [frame.octets for frame in recording.frames]
    assert all(isinstance(packet, Ether) for packet in packets)
    for packet, frame in zip(packets, recording.frames, strict=True):
        since_the_first = float(packet.time - packets[0].time)
        assert since_the_first == pytest.approx(frame.time - recording.frames[0].time, abs=2e-6)
    assert abs(float(packets[0].time) - time.time()) < 60  # the wall clock's time, not seconds since boot


def test_tcpdump_reads_the_capture(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(recording.to_pcap())
    shown = subprocess.run(["tcpdump", "-e", "-n", "-r", path], capture_output=True, text=True, timeout=20, check=True)
    assert shown.stdout.count("02:00:00:00:01:00 > 02:00:00:00:02:00") == 2
    assert "EN10MB" in shown.stderr


def test_a_time_that_rounds_up_to_a_whole_second_is_one() -> None:
    recording = Recording()
    recording._to_wall_clock = 0.0
    recording.frames.append(RecordedFrame(SENT, bytes(14), 4.9999999))
    seconds, microseconds = recording.to_pcap()[24:28], recording.to_pcap()[28:32]
    assert (int.from_bytes(seconds, "little"), int.from_bytes(microseconds, "little")) == (5, 0)
