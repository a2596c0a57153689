# SPDX-License-Identifier: GPL-2.0-or-later
"""A file's changes as a unified diff, made from the edits themselves: the larger the file, the more that matters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from lvs_rawcheck.generate.splice import Edit, spliced

CONTEXT = 3  # lines
_Changed = tuple[int, int, bytes]  # lines from the first to before the last, from 0, and what stands there now


def unified_diff(path: str, octets: bytes, edits: Iterable[Edit]) -> Iterator[str]:
    """Yield the lines of a diff, without line ends; octets that are no UTF-8 as `\\xff`."""
    lines = octets.splitlines(keepends=True) if b"\r" not in octets else _split(octets)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    hunks = list(_hunks(list(_changed_lines(octets, sorted(edits), starts)), len(lines)))
    if not hunks:
        return
    yield f"--- {path}"
    yield f"+++ {path} (planned)"
    shift = 0
    for first, last, changes in hunks:
        runs = list(_runs(lines, first, last, changes))
        count = sum(len(run) for sign, run in runs if sign != "-")
        yield f"@@ -{_range(first, last - first)} +{_range(first + shift, count)} @@"
        for sign, run in runs:
            for line in run:
                yield sign + line.removesuffix(b"\n").decode("utf-8", "backslashreplace")
                if not line.endswith(b"\n"):
                    yield "\\ No newline at end of file"
        shift += count - (last - first)


def _split(octets: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in octets.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _changed_lines(octets: bytes, edits: Sequence[Edit], starts: Sequence[int]) -> Iterator[_Changed]:
    """Yield the stretches of whole lines that edits touch; edits that touch the same line as one."""
    pending: list[Edit] = []
    first = last = -1
    for edit in edits:
        begin = bisect_right(starts, edit.start) - 1
        end = begin if edit.end == edit.start == starts[begin] else bisect_right(starts, max(edit.end - 1, edit.start))
        if pending and begin < last:
            pending.append(edit)
            last = max(last, end)
            continue
        if pending:
            yield _change(octets, pending, first, last, starts)
        pending, first, last = [edit], begin, end
    if pending:
        yield _change(octets, pending, first, last, starts)


def _change(octets: bytes, edits: Sequence[Edit], first: int, last: int, starts: Sequence[int]) -> _Changed:
    start, end = starts[first], starts[last]
    moved = (Edit(edit.start - start, edit.end - start, edit.octets) for edit in edits)
    return first, last, spliced(octets[start:end], moved)


def _hunks(changes: list[_Changed], line_count: int) -> Iterator[tuple[int, int, list[_Changed]]]:
    """Yield first line, line after the last, and changes of each hunk: those whose contexts touch are one."""
    group: list[_Changed] = []
    for change in changes:
        if group and change[0] - group[-1][1] > 2 * CONTEXT:
            yield max(group[0][0] - CONTEXT, 0), min(group[-1][1] + CONTEXT, line_count), group
            group = []
        group.append(change)
    if group:
        yield max(group[0][0] - CONTEXT, 0), min(group[-1][1] + CONTEXT, line_count), group


def _runs(
    lines: Sequence[bytes], first: int, last: int, changes: Sequence[_Changed]
) -> Iterator[tuple[str, Sequence[bytes]]]:
    """Yield the lines of a hunk, those of one sign after the other."""
    place = first
    for start, end, now in changes:
        before, after = lines[start:end], _split(now)
        head = _common(before, after)
        tail = _common(before[head:][::-1], after[head:][::-1])
        yield " ", lines[place : start + head]
        yield "-", before[head : len(before) - tail]
        yield "+", after[head : len(after) - tail]
        place = end - tail
    yield " ", lines[place:last]


def _common(before: Sequence[bytes], after: Sequence[bytes]) -> int:
    """Return how many lines both begin with."""
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return number
    return min(len(before), len(after))


def _range(first: int, count: int) -> str:
    """Return a range as diff writes it: line numbers from 1, those of an empty one of the line before."""
    start = first + 1 if count else first
    return str(start) if count == 1 else f"{start},{count}"
