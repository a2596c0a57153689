# SPDX-License-Identifier: GPL-2.0-or-later
"""All frames of one conversation, kept in order, and saved as a capture.

Reading list: the classic pcap format (draft-ietf-opsawg-pcap): header with magic number, version 2.4, snapshot
length and link type; then for each frame its time in seconds and microseconds, its captured and its real length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct

from lvs_rawcheck import clock
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.tracer import Tracer

_FILE_HEADER = Struct("=IHHiIII")
_FRAME_HEADER = Struct("=IIII")
_MAGIC_MICROSECONDS = 0xA1B2C3D4
_VERSION = (2, 4)
_SNAPSHOT_OCTETS = 262144  # no frame is longer
_LINKTYPE_ETHERNET = 1
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class RecordedFrame:
    """One frame with its Ethernet header. direction: SENT or RECEIVED. time: monotonic seconds."""

    direction: str
    octets: bytes
    time: float


class Recording:
    """Keeps what passes the links it wraps. on_frame: called when another frame has been kept."""

    def __init__(self, on_frame: Callable[[], None] | None = None) -> None:
        self.frames: list[RecordedFrame] = []
        self._on_frame = on_frame
        self._to_wall_clock = clock.wall_now() - clock.now()

    def wrap(self, link: Link) -> Link:
        """Return the link to use in place of this one."""
        return Tracer(link, self._note)

    def _note(self, direction: str, octets: bytes, now: float) -> None:
        self.frames.append(RecordedFrame(direction, octets, now))
        if self._on_frame is not None:
            self._on_frame()

    def to_pcap(self) -> bytes:
        """Return the whole capture file, times by the wall clock, microseconds."""
        header = _FILE_HEADER.pack(_MAGIC_MICROSECONDS, *_VERSION, 0, 0, _SNAPSHOT_OCTETS, _LINKTYPE_ETHERNET)
        return header + b"".join(self._pcap_frame(frame) for frame in self.frames)

    def _pcap_frame(self, frame: RecordedFrame) -> bytes:
        microseconds = round((frame.time + self._to_wall_clock) * _MICROSECONDS)
        length = len(frame.octets)
        return _FRAME_HEADER.pack(*divmod(microseconds, _MICROSECONDS), length, length) + frame.octets
