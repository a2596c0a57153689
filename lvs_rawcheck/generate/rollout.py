# SPDX-License-Identifier: GPL-2.0-or-later
"""From a plan to what may be written, and why not.

The order: what needs nothing but files first, the probes last, since they take longest.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from errno import ELOOP

from lvs_rawcheck.director.ipvs import TABLE, IpvsTable, read_table
from lvs_rawcheck.errors import ConfigSyntaxError, UsageError
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.in_table import marks_of
from lvs_rawcheck.generate.options import Marked
from lvs_rawcheck.generate.probe import Probed, Target, probe, refused, services_all_failed
from lvs_rawcheck.generate.probing import Progress
from lvs_rawcheck.generate.replace import Found, found_in, opened_folder
from lvs_rawcheck.generate.tree import Tree
from lvs_rawcheck.generate.write import FileChange
from lvs_rawcheck.registry.service import Service

EXECUTABLE_MODE = 0o755


def table_of_this_host() -> IpvsTable | None:
    """Return the IPVS table, None where the kernel has none; LinkError: it has one, and does not show it."""
    return read_table() if os.path.exists(TABLE) else None


def decide_by_probes(
    services: Collection[Service],
    fwmarks: Mapping[int, Marked],
    table: IpvsTable,
    accepted: Collection[str],
    is_registry_vip: Callable[[bytes], bool],
    progress: Progress,
) -> Decision:
    """Return what the planned checks say of the servers, run once; UsageError: no such ID. accepted: may be down."""
    targets = [
        Target(service, server, marks_of(service.endpoints, fwmarks))
        for service in services
        for server in service.real_servers
    ]
    unknown = set(accepted) - {target.check_id for target in targets}
    if unknown:
        raise UsageError(f"--accept-down: no planned check is called {', '.join(sorted(unknown))}")
    found = probe(targets, table, is_registry_vip, progress)
    decision = Decision()
    decision.notes.append(f"{len(found)} checks were run, {sum(each.healthy for each in found)} of them passed")
    against = refused(found, accepted)
    for each in against:
        decision.refusals += [f"{sentence} (it gets traffic now, and would lose it)" for sentence in each.sentences()]
    for each in found:
        if not each.healthy and each not in against:
            decision.notes += [f"{sentence} ({_why_no_matter(each)})" for sentence in each.sentences()]
    if against:
        decision.notes.append("what may be down is said with --accept-down ID, of each; --force writes in any case")
    said = decision.refusals if against else decision.notes
    for name in services_all_failed(found):
        said.append(f"{name}: no server passed: the fault is probably ours or the VIP's, not theirs")
    return decision


def _why_no_matter(probed: Probed) -> str:
    if probed.in_table:
        return "accepted" if probed.is_refusal else "the raw check only observes, and the standard one passed"
    return "it gets no traffic now" if probed.in_table is False else "its virtual server is not in the table"


def file_changes(path: str, before: Mapping[str, bytes], result: Mapping[str, bytes], tree: Tree) -> list[FileChange]:
    """Return the files that are not as they shall be, in their places, the main one last.

    path: the main file as its user named it; before: all files by path, links resolved.
    """
    main = os.path.realpath(path)
    changes = []
    for real_path in sorted(result, key=lambda each: each == main):
        place = tree.place(path if real_path == main else real_path)
        there = _there(tree, place, before[real_path])
        if there != result[real_path]:
            mode = stat.S_IMODE(os.stat(real_path).st_mode)  # it may hold passwords
            changes.append(FileChange(place, there, result[real_path], mode))
    return changes


def _there(tree: Tree, place: str, planned_with: bytes) -> bytes | None:
    """Return what is at a place; in a tree that may be something else than what was planned with, or nothing."""
    return planned_with if tree.root is None else _read(place)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def executable_changes(executables: Mapping[str, bytes], tree: Tree) -> list[FileChange]:
    """Return the programs that are not as they shall be, in their places; ConfigError: something else is there.

    executables: by path on their own host.
    """
    changes = []
    for path, octets in executables.items():
        folder, name = os.path.split(path)
        place = f"{tree.place(folder)}/{name}"
        there = _program(place)
        if there is None or there.octets != octets or not _is_runnable(there.status):
            before = None if there is None else there.octets
            changes.append(FileChange(place, before, octets, EXECUTABLE_MODE, is_executable=True))
    return changes


def _program(place: str) -> Found | None:
    """Return the program at a place: a file itself, since what a link leads to is somebody else's."""
    folder, name = os.path.split(place)
    try:
        with opened_folder(folder) as descriptor:
            found = found_in(descriptor, name)
    except FileNotFoundError:
        return None
    except OSError as error:
        what = "a symbolic link" if error.errno == ELOOP else error.strerror or str(error)
        raise ConfigSyntaxError(place, 0, 0, f"{what}: a program of ours belongs there") from error
    if found is not None and not stat.S_ISREG(found.status.st_mode):
        raise ConfigSyntaxError(place, 0, 0, "not a file: a program of ours belongs there")
    return found


def _is_runnable(status: os.stat_result) -> bool:
    """Return whether its owner may run a program, and nobody else write to it."""
    return bool(status.st_mode & stat.S_IXUSR) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def demand_inside(tree: Tree, path: str, files: Iterable[str]) -> None:
    """Raise UsageError where a configuration that lies in a tree includes what lies outside of it.

    An absolute include means the other host's file, and what was read is this host's.
    """
    if tree.root is None or not tree.holds(path):
        return
    for file in files:
        if not tree.holds(file):
            raise UsageError(f"--root {tree.root}: this configuration includes a file outside of it: {file}")
