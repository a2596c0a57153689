# SPDX-License-Identifier: GPL-2.0-or-later
"""A file's changes as a unified diff, made from the edits themselves: the larger the file, the more that matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from lvs_rawcheck.config.tree import to_text
from lvs_rawcheck.generate.splice import Edit, spliced

CONTEXT = 3  # lines
_Changed = tuple[int, int, bytes]  # lines from the first to before the last, from 0, and what stands there now


def unified_diff(path: str, octets: bytes, edits: Iterable[Edit]) -> Iterator[str]:
    """Yield the lines of a diff, without line ends; octets that are no UTF-8 as Python writes them."""
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
        told = list(_hunk_lines(lines, first, last, changes))
        count = sum(sign != "-" for _, sign in told)
        yield f"@@ -{_range(first, last - first)} +{_range(first + shift, count)} @@"
        for line, sign in told:
            yield sign + _shown(line)
            if not line.endswith(b"\n"):
                yield "\\ No newline at end of file"
        shift += count - (last - first)


def _split(octets: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in octets.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _changed_lines(octets: bytes, edits: Sequence[Edit], starts: Sequence[int]) -> Iterator[_Changed]:
    """Yield the stretches of whole lines that edits touch; edits that touch the same line as one."""
    from bisect import bisect_right

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


def _hunk_lines(
    lines: Sequence[bytes], first: int, last: int, changes: Sequence[_Changed]
) -> Iterator[tuple[bytes, str]]:
    """Yield each line of a hunk with its sign."""
    place = first
    for start, end, now in changes:
        yield from ((line, " ") for line in lines[place:start])
        before, after = list(lines[start:end]), _split(now)
        for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag == "equal":
                yield from ((line, " ") for line in before[i:j])
            else:
                yield from ((line, "-") for line in before[i:j])
                yield from ((line, "+") for line in after[k:m])
        place = end
    yield from ((line, " ") for line in lines[place:last])


def _range(first: int, count: int) -> str:
    """Return a range as diff writes it: line numbers from 1, those of an empty one of the line before."""
    start = first + 1 if count else first
    return str(start) if count == 1 else f"{start},{count}"


def _shown(line: bytes) -> str:
    return to_text(line.removesuffix(b"\n")).encode("utf-8", "backslashreplace").decode()
