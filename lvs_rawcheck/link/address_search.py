# SPDX-License-Identifier: GPL-2.0-or-later
"""The search of a filter for one of thousands of addresses: a tree of comparisons, as deep as their number's logarithm.

A port is looked for as an address of one word.

Reading list: net/core/filter.c of Linux (bpf_convert_filter, sk_filter_charge); bpf_common.h; bpf.py.
An address is compared word by word, the first 32 bits first. The values that a word may have are runs, from a lowest
to a highest one, and a program looks for the run by halving their number: A >= k leads to the upper half. Where 16 are
left, they are compared one after the other. Every run leads on to the next word, or to "accept" at the last.
Invariants: no address that is looked for is ever missed; what else passes is said in `most_exact`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import pairwise
from struct import unpack

from lvs_rawcheck.link.bpf import (
    ADDRESS,
    JUMP,
    JUMP_ANY_BIT,
    JUMP_EQUAL,
    JUMP_GREATER,
    JUMP_NOT_LESS,
    LOAD_MEMORY,
    STORE_MEMORY,
    Assembler,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.link.bpf import Instruction, Program, Search, Step

INSTRUCTIONS_MOST = 4096  # BPF_MAXINSNS, bpf_common.h

_BPF_PROG_OCTETS = 128  # struct bpf_prog of include/linux/bpf.h, and room for more
_BEFORE_ALL = 10  # instructions that every program has in the kernel before its own
_LOAD_AT_MOST = 15  # instructions that a load from the packet becomes there

_WORD_MOST = 0xFFFFFFFF
_IN_A_ROW = 16  # runs that are not worth another halving
_REACH = 255  # instructions that a conditional jump skips at most
_SUBTRACT = 0x14  # A <- A - k, modulo 2^32
_HIGHEST_BIT = 0x80000000

_Words = tuple[int, ...]
_Cluster = tuple[_Words, _Words]
"""The lowest and the highest of some addresses that are not told apart."""
_Run = tuple[int, int, "list[Step]"]
"""The lowest and the highest value of a word, and the instructions that look at the next word; none at the last."""


def most_exact(
    vips: Sequence[bytes],
    others: Sequence[bytes],
    ports: Sequence[bytes],
    assemble: Callable[[Search, Search, Search], Program],
    room: int,
) -> Program:
    """Return the most exact program that the kernel takes; it tells any address from its neighbours if it can be had.

    vips, others: addresses of one family, each once; ports: four octets each; assemble: makes the program of a search
    for each; room: octets of the kernel's memory. In KERNEL_OCTETS_MOST there is room for 1,000 IPv4 addresses wherever
    they are, 1,800 that lie within half of the address space; for 180 of IPv6 that have nothing in common, 250 of one
    /64, 1,000 of one /96; and for any number in a row. Where there are more, those that lie closest together pass with
    what is between them, the others first: a wrong VIP may be much traffic, as may be another port, while another
    neighbour's ARP replies are little. Of IPv6, such pass with all that they have in common up to a word.
    """
    for of_vips, of_others, of_ports in _coarser(len(vips), len(others), len(ports)):
        searches = _clusters(vips, of_vips), _clusters(others, of_others), _clusters(ports, of_ports)
        program = assemble(*map(_search, searches))
        if len(program) <= INSTRUCTIONS_MOST and kernel_octets(program) < room:
            break
    return program


def kernel_octets(program: Iterable[Instruction]) -> int:
    """Return what a program takes in the kernel at most, which keeps it in the instructions of a later machine."""
    return _BPF_PROG_OCTETS + 8 * (_BEFORE_ALL + sum(map(_kernel_instructions, program)))


def _kernel_instructions(instruction: Instruction) -> int:
    """bpf_convert_filter: one more for an operand with the highest bit set, and for a comparison that jumps both ways.

    It spares that one where a comparison can be turned round, which "any bit" cannot.
    """
    code, if_true, if_false, k = instruction
    if code in (JUMP_EQUAL, JUMP_GREATER, JUMP_NOT_LESS, JUMP_ANY_BIT):
        both_ways = if_false > 0 and (if_true > 0 or code == JUMP_ANY_BIT)
        return 1 + (k >= _HIGHEST_BIT) + both_ways
    return 1 if code in (JUMP, LOAD_MEMORY, STORE_MEMORY, _SUBTRACT) else _LOAD_AT_MOST


def _coarser(vips: int, others: int, ports: int) -> Iterator[tuple[int, int, int]]:
    """Yield how many clusters of each there may be: as many as there are of them, then ever fewer, down to one."""
    yield vips, others, ports
    while others > 1:
        others //= 2
        yield vips, others, ports
    while vips > 1 or ports > 1:
        vips, ports = _fewer(vips), _fewer(ports)
        yield vips, others, ports


def _fewer(clusters: int) -> int:
    """Return three quarters, at least one less, but one where there is one."""
    return max(clusters - max(clusters // 4, 1), min(clusters, 1))


def _clusters(addresses: Sequence[bytes], most: int) -> list[_Cluster]:
    """Return addresses in a row as one cluster, and then at most so many: the widest gaps are kept."""
    if not addresses:
        return []
    numbers = sorted(int.from_bytes(address, "big") for address in addresses)
    gaps = [
        (after - before, position)
        for position, (before, after) in enumerate(pairwise(numbers), 1)
        if after - before > 1 or not after & _WORD_MOST
    ]
    cuts = sorted(position for _, position in nlargest(most - 1, gaps))
    size = len(addresses[0])
    return [
        (_words(numbers[begin], size), _words(numbers[end - 1], size))
        for begin, end in pairwise([0, *cuts, len(numbers)])
    ]


def _words(number: int, size: int) -> _Words:
    return unpack(f"!{size // 4}I", number.to_bytes(size, "big"))


def _search(clusters: list[_Cluster]) -> Search:
    """Return the search for an address of one of these."""

    def search(program: Assembler) -> None:
        if clusters:
            miss = program.fresh_label()
            program.extend(_look_at_word(0, clusters, miss))
            program.label(miss)

    return search


def _look_at_word(position: int, clusters: Iterable[_Cluster], miss: str) -> list[Step]:
    """Return the instructions that judge this word of the address and all after it."""
    runs = _runs(position, clusters, miss)
    lowest = runs[0][0] if len(runs) > 1 else 0
    # Distances from the lowest run seldom have the highest bit set, which costs the kernel one more instruction. What
    # is below it becomes greater than all of them.
    from_lowest = [(low - lowest, high - lowest, inner) for low, high, inner in runs]
    begin: list[Step] = [(LOAD_MEMORY, 0, 0, ADDRESS + position)]
    if lowest:
        begin.append((_SUBTRACT, 0, 0, lowest))
    return begin + _halve(from_lowest, miss)


def _runs(position: int, clusters: Iterable[_Cluster], miss: str) -> list[_Run]:
    """Return the runs of a word, in order. Where a cluster has several values, no word after it is looked at."""
    found: list[tuple[int, int, list[_Cluster]]] = []
    for cluster in clusters:
        low, high = cluster[0][position], cluster[1][position]
        if found and low <= found[-1][1]:
            before_low, before_high, members = found[-1]
            members.append(cluster)
            found[-1] = before_low, max(before_high, high), members
        else:
            found.append((low, high, [cluster]))
    return [
        (low, high, _look_at_word(position + 1, members, miss) if _goes_on(position, low, high, members) else [])
        for low, high, members in found
    ]


def _goes_on(position: int, low: int, high: int, members: list[_Cluster]) -> bool:
    return low == high and position + 1 < len(members[0][0])


def _halve(runs: list[_Run], miss: str) -> list[Step]:
    """Return the instructions that find the run of A, go where it leads, or else to miss."""
    if len(runs) <= _IN_A_ROW:
        return _in_a_row(runs, miss)
    middle = len(runs) // 2
    lower, upper = _halve(runs[:middle], miss), _halve(runs[middle:], miss)
    if len(lower) <= _REACH:
        return [(JUMP_NOT_LESS, len(lower), 0, runs[middle][0]), *lower, *upper]
    return [(JUMP_NOT_LESS, 0, 1, runs[middle][0]), (JUMP, 0, 0, len(lower)), *lower, *upper]


def _in_a_row(runs: list[_Run], miss: str) -> list[Step]:
    """Compare one after the other: first those that lead to a next word, then those that end the search.

    The last instruction jumps to miss: so those do that are made of such, and whoever failed may jump to theirs.
    """
    last = [(low, high) for low, high, inner in runs if not inner]
    leading = [(low, inner) for low, _, inner in runs if inner]
    steps: list[Step] = []
    for number, (low, inner) in enumerate(leading, 1):
        skipped = len(inner) if last or number < len(leading) else len(inner) - 1
        if skipped > _REACH:
            steps += [(JUMP_EQUAL, 1, 0, low), (JUMP, 0, 0, skipped), *inner]
        else:
            steps += [(JUMP_EQUAL, 0, skipped, low), *inner]
    return steps + _last_words(last, miss) if last else steps


def _last_words(runs: list[tuple[int, int]], miss: str) -> list[Step]:
    """Accept a word of one of these runs; the comparisons jump to the first of the two jumps after them, or over it."""
    length = sum(1 + (low != high) for low, high in runs)
    steps: list[Step] = []
    for low, high in runs:
        if low != high:
            steps.append((JUMP_GREATER, 1 if len(steps) + 2 < length else 2, 0, high))
        code = JUMP_EQUAL if low == high else JUMP_NOT_LESS
        is_last = len(steps) + 1 == length
        steps.append((code, 0, 1, low) if is_last else (code, length - len(steps) - 1, 0, low))
    return [*steps, (JUMP, 0, 0, "accept"), (JUMP, 0, 0, miss)]
