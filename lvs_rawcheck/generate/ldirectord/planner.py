# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan for an ldirectord.cf: which virtuals get raw checks in the place of theirs, which are left, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from lvs_rawcheck.config.ldirectord import Configuration, read_ldirectord
from lvs_rawcheck.config.ldirectord.model import Virtual
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.ldirectord.advice import advice
from lvs_rawcheck.generate.ldirectord.block import is_safe_path
from lvs_rawcheck.generate.ldirectord.compare import PlanMismatch, demand_same_site
from lvs_rawcheck.generate.ldirectord.existing import block_starts, find_existing, without_ours
from lvs_rawcheck.generate.ldirectord.negotiation import LOSSES
from lvs_rawcheck.generate.ldirectord.virtual import Converted, Pair, VirtualPlanner
from lvs_rawcheck.generate.ldirectord.virtuals import names_of
from lvs_rawcheck.generate.options import SERVICE, PlanOptions, selects
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.splice import Edit, spliced
from lvs_rawcheck.generate.validate import CheckValidator

_RULE = (
    "timeout: what the replaced check had, checktimeout or negotiatetimeout, at most 300 s; the checktimeout written\n"
    "is longer, so that ldirectord never ends a check itself. failurecount and checkinterval stay as they are"
)
_OF_LOOP = "\nfork=no: to each time comes, before as after, what the other checks of a round take, see below"
_OF_FORK = "\nfork=yes: to each time comes, before as after, what the virtual's other servers take, one after the other"


def plan_ldirectord(
    path: str,
    options: PlanOptions,
    import_libraries: Callable[[], None],
    overlay: Mapping[str, bytes] | None = None,
) -> Plan:
    """Return the plan; ConfigError where ldirectord would refuse or misread the file, UsageError for the options.

    import_libraries: see `load_kind`. overlay: octets to take for some paths instead of what the disk holds.
    """
    _demand_possible(options)
    present = read_ldirectord(path, overlay)
    olds, lost = find_existing(present)
    original = present
    if olds:
        original = read_ldirectord(path, {present.main.path: without_ours(present, olds)})
    if original.errors:
        present.require_sound()  # first: its places are those of the file as it is
        original.require_sound()
    pairs = [Pair(now, was, olds.get(number)) for number, (now, was) in enumerate(_both(present, original))]
    rule = _RULE + (_OF_FORK if original.site.settings.fork else _OF_LOOP)
    plan = Plan(present.main.path, rule, octets={present.main.path: present.main.octets})
    plan.warnings += [*lost, *map(str, present.findings)]
    converted = _convert(plan, pairs, options, import_libraries)
    _edit(plan, present, original, converted)
    plan.losses += dict.fromkeys(_losses(converted))
    plan.warnings += advice(original.site, converted, bool(plan.edits))
    if plan.edits:
        result = read_ldirectord(path, plan.result())
        demand_same_site(present, original, result, converted)
    return plan


def _demand_possible(options: PlanOptions) -> None:
    if options.style != SERVICE:
        raise UsageError(f"--style {options.style}: ldirectord gives its programs no arguments of ours: only {SERVICE}")
    if options.keep_existing:
        raise UsageError("--keep-existing: a virtual has one checktype, so nothing can stand beside it")
    if not is_safe_path(options.wrappers):
        raise UsageError(f"{options.wrappers!r}: ldirectord would not take this path as it stands")


def _both(present: Configuration, original: Configuration) -> Iterator[tuple[Virtual, Virtual]]:
    """Yield each virtual as it is, and as it is without lines of ours."""
    now, was = present.site.virtuals, original.site.virtuals
    if [_shape(virtual) for virtual in now] != [_shape(virtual) for virtual in was]:
        raise PlanMismatch("without the lines of ours there would be other virtuals")
    yield from zip(now, was, strict=True)


def _shape(virtual: Virtual) -> tuple[str, int]:
    return virtual.label, len(virtual.reals)


def _convert(
    plan: Plan, pairs: list[Pair], options: PlanOptions, import_libraries: Callable[[], None]
) -> dict[int, Converted]:
    """Plan the virtuals that are meant, and return what becomes of them, by number."""
    planner = VirtualPlanner(plan, options, CheckValidator(import_libraries))
    converted: dict[int, Converted] = {}
    for number, pair in enumerate(pairs):
        meant = selects(options, names_of(pair.original))
        found = planner.convert(pair) if meant else None
        if found is not None:
            converted[number] = found
            continue
        planner.leave(pair)
        if meant and pair.old is not None:
            plan.warnings.append(
                f"virtual {pair.now.label}: what its raw checks stand for cannot be planned any more: left as it is"
            )
    return converted


def _edit(plan: Plan, present: Configuration, original: Configuration, converted: Mapping[int, Converted]) -> None:
    """Put the converted blocks into the plan, as far as they are not there already."""
    for number, (now, was) in enumerate(zip(_blocks(present), _blocks(original), strict=True)):
        found = converted.get(number)
        if found is None:
            continue
        edits = [_moved(edit, now[0] - was[0]) for edit in found.edits]
        if present.main.octets[now[0] : now[1]] != original.main.octets[was[0] : was[1]]:
            edits = _edits_of_old(present, now, _text(original, was, found))
        if not edits:
            continue
        plan.edits.setdefault(plan.file, []).extend(edits)
        for server in found.servers:
            for check in server.checks:
                check.is_new = True


def _losses(converted: Mapping[int, Converted]) -> Iterator[str]:
    for found in converted.values():
        for server in found.servers:
            if server.changes:
                notes = (*found.notes, *server.notes)
                yield from (f"virtual {server.virtual_server}: {note}" for note in notes if note in LOSSES)


def _text(original: Configuration, block: tuple[int, int], found: Converted) -> bytes:
    """Return a block with what is planned for it."""
    return spliced(original.main.octets[slice(*block)], (_moved(edit, -block[0]) for edit in found.edits))


def _moved(edit: Edit, by: int) -> Edit:
    return Edit(edit.start + by, edit.end + by, edit.octets)


def _edits_of_old(present: Configuration, block: tuple[int, int], text: bytes) -> list[Edit]:
    """Return what makes a block that has lines of ours already this text, none if it is."""
    return [] if present.main.octets[slice(*block)] == text else [_narrowed(present.main.octets, block, text)]


def _blocks(configuration: Configuration) -> Iterator[tuple[int, int]]:
    """Yield where each block begins, and where the next one does."""
    return pairwise([*block_starts(configuration), len(configuration.main.octets)])


def _narrowed(octets: bytes, block: tuple[int, int], text: bytes) -> Edit:
    """Return the edit that makes a block this text, without the lines at both ends that stay."""
    before, after = octets[block[0] : block[1]].splitlines(True), text.splitlines(True)
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    start = block[0] + sum(map(len, before[:head]))
    end = block[1] - sum(map(len, before[len(before) - tail :]))
    return Edit(start, end, b"".join(after[head : len(after) - tail]))
