# SPDX-License-Identifier: GPL-2.0-or-later
"""A classic BPF machine of our own: what a program says to one frame, step by step.

Documentation/networking/filter.rst, and McCanne and Jacobson 1993, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import and_, eq, ge, gt

_ANCILLARY = 0xFFFFF000
_COMPARISONS: dict[int, Callable[[int, int], int]] = {0x15: eq, 0x25: gt, 0x35: ge, 0x45: and_}
_STEP_LIMIT = 4096  # BPF_MAXINSNS: jumps lead forward only, so no run is longer than its program


@dataclass
class Machine:
    """The registers, the scratch memory, and the frame: its octets and what the kernel knows about it."""

    octets: bytes
    ancillary: dict[int, int]
    a: int = 0
    x: int = 0
    memory: list[int] = field(default_factory=lambda: [0] * 16)

    def load(self, size: int, offset: int) -> int | None:
        """Return size octets at offset as a number, None beyond the packet's end."""
        if offset >= _ANCILLARY:
            return self.ancillary[offset - _ANCILLARY]
        if offset + size > len(self.octets):
            return None
        return int.from_bytes(self.octets[offset : offset + size], "big")


def interpret(
    program: Sequence[tuple[int, int, int, int]],
    octets: bytes,
    protocol: int,
    packet_type: int = 0,
    vlan_tag: int = 0,
    vlan_tag_present: int = 0,
) -> int:
    """Return how many octets of the frame the program passes: 0 drops it."""
    machine = Machine(octets, {0: protocol, 4: packet_type, 44: vlan_tag, 48: vlan_tag_present})
    position = 0
    for _ in range(_STEP_LIMIT):
        code, if_true, if_false, k = program[position]
        position += 1
        if code == 0x06:
            return k
        if code == 0x05:
            position += k
        elif code in _COMPARISONS:
            position += if_true if _COMPARISONS[code](machine.a, k) else if_false
        elif not _step(machine, code, k):
            return 0
    raise AssertionError("the program does not end")


def _step(machine: Machine, code: int, k: int) -> bool:
    """Run one instruction that does not jump; False if it loads beyond the packet, which drops it."""
    sizes = {0x20: 4, 0x28: 2, 0x30: 1, 0x40: 4, 0x48: 2, 0x50: 1}
    if code in sizes:
        loaded = machine.load(sizes[code], k + (machine.x if code >= 0x40 else 0))
        if loaded is None:
            return False
        machine.a = loaded
    elif code == 0xB1:
        loaded = machine.load(1, k)
        if loaded is None:
            return False
        machine.x = 4 * (loaded & 0x0F)
    elif code == 0x60:
        machine.a = machine.memory[k]
    elif code == 0x14:
        machine.a = (machine.a - k) % 2**32
    elif code == 0x02:
        machine.memory[k] = machine.a
    else:
        raise AssertionError(f"instruction {code:#x} is not one of a reply filter's")
    return True
