# SPDX-License-Identifier: GPL-2.0-or-later
"""The planned files, put in their places: first what the configuration names, the configuration last.

keepalived takes a script that is missing for a healthy server, so at no moment may the configuration name what is not
there. Whatever ends this half way leaves each file old or new, and the configuration, as far as it is new, with all
that it names. Nothing is removed: keepalived runs the old configuration until it is told to read the new one.

One run at a time: the folders are locked. A file that is no longer what was planned with is left alone, and with it all
that would come after.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from lvs_rawcheck.errors import RawCheckError
from lvs_rawcheck.generate.replace import Found, back_up, back_up_program, found_in, free_stamp, opened_folder, put
from lvs_rawcheck.registry.files import SUFFIX
from lvs_rawcheck.registry.write import make_folder, write_service


class WriteRefused(RawCheckError):
    """Something is not as it was planned with."""


class WriteFailed(RawCheckError):
    """It could not be written: what was is said by `Written`."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the configuration. path: where it is put, links resolved; before: None where there is none yet."""

    path: str
    before: bytes | None
    after: bytes
    mode: int = 0o600
    """Of one that is not there yet."""
    is_executable: bool = False
    """A program of ours that the configuration names: it always gets our mode and owner."""


@dataclass(slots=True)
class Changes:
    """All that is to be written."""

    services_folder: str
    services: Mapping[str, bytes] = field(default_factory=dict)
    """Service files, by name."""
    services_found: Mapping[str, bytes] = field(default_factory=dict)
    """Those that were there when it was planned."""
    configuration: list[FileChange] = field(default_factory=list)
    """In the order in which they are written: programs first, the main file last."""
    planned_with: Mapping[str, bytes] = field(default_factory=dict)
    """Every file that the plan was made of, by path."""
    group_id: int | None = None
    """The service files'; None: as it comes."""


@dataclass(slots=True)
class Written:
    """What was done. backups: place and backup of each file that was replaced, in that order."""

    stamp: str = ""
    """In the names of all backups."""
    services: list[str] = field(default_factory=list)
    executables: list[str] = field(default_factory=list)
    configuration: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    """Files of the configuration that were not there."""
    service_backups: list[tuple[str, str]] = field(default_factory=list)
    backups: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write(changes: Changes, time: str, written: Written, before_configuration: Callable[[], None]) -> None:
    """Write all of it, and note in `written` what was done, also where it is not all.

    time: date and time, for the names of backups. before_configuration: writes what else the configuration relies on.
    WriteRefused, WriteFailed.
    """
    try:
        if changes.services:
            make_folder(changes.services_folder)
        for change in changes.configuration:
            os.makedirs(os.path.dirname(change.path), exist_ok=True)
        folders = _folders(changes)
        with _locked(folders):
            _demand_as_planned(changes)
            written.stamp = free_stamp(folders, time)
            _write_services(changes, written)
            before_configuration()
            for change in changes.configuration:
                _write_file(change, written)
    except OSError as error:
        place = f"{error.filename}: " if error.filename is not None else ""
        raise WriteFailed(f"{place}{error.strerror or error}") from error


@contextmanager
def _putting(path: str) -> Iterator[None]:
    """Name the file that could not be written; WriteFailed. The errors themselves name temporary files, or none."""
    try:
        yield
    except OSError as error:
        raise WriteFailed(f"{path}: {error.strerror or error}") from error


def _folders(changes: Changes) -> list[str]:
    folders = {os.path.realpath(os.path.dirname(change.path)) for change in changes.configuration}
    if changes.services:
        folders.add(os.path.realpath(changes.services_folder))
    return sorted(folders)


@contextmanager
def _locked(folders: Iterable[str]) -> Iterator[None]:
    """Hold the folders, which no other run may write to meanwhile; WriteRefused. Nothing of it stays behind."""
    with ExitStack() as held:
        for path in folders:
            folder = held.enter_context(opened_folder(path))
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WriteRefused(f"another run is writing to {path}: nothing was written") from None
        yield


def _demand_as_planned(changes: Changes) -> None:
    expected: dict[str, bytes | None] = dict(changes.planned_with)
    expected |= {change.path: change.before for change in changes.configuration}
    for name in changes.services:
        expected[f"{changes.services_folder}/{name}{SUFFIX}"] = changes.services_found.get(name)
    for path, octets in expected.items():
        folder, name = os.path.split(path)
        with opened_folder(folder) as descriptor:
            _demand_same(path, found_in(descriptor, name), octets)


def _demand_same(path: str, found: Found | None, octets: bytes | None) -> None:
    if (None if found is None else found.octets) != octets:
        raise WriteRefused(f"{path} was changed after it was planned with: run it again")


def _write_services(changes: Changes, written: Written) -> None:
    if not changes.services:
        return
    with opened_folder(changes.services_folder) as folder:
        for name, octets in changes.services.items():
            with _putting(f"{changes.services_folder}/{name}{SUFFIX}"):
                found = found_in(folder, f"{name}{SUFFIX}")
                if found is not None:
                    backup = back_up(folder, f"{name}{SUFFIX}", found, written.stamp)
                    written.service_backups.append((f"{name}{SUFFIX}", backup))
                write_service(changes.services_folder, name, octets, changes.group_id)
            written.services.append(name)
        os.fsync(folder)


def _write_file(change: FileChange, written: Written) -> None:
    folder_path, name = os.path.split(change.path)
    with _putting(change.path), opened_folder(folder_path) as folder:
        found = found_in(folder, name)
        _demand_same(change.path, found, change.before)
        if change.is_executable:
            if found is not None:
                backup = back_up_program(folder, name, found, written.stamp)
                written.backups.append((change.path, f"{folder_path}/{backup}"))
            put(folder, name, change.after, None, change.mode)
            written.executables.append(change.path)
            return
        if found is None:
            written.created.append(change.path)
        else:
            backup = back_up(folder, name, found, written.stamp)
            written.backups.append((change.path, f"{folder_path}/{backup}"))
            _note_status(change.path, found, written)
        put(folder, name, change.after, found, change.mode)
        written.configuration.append(change.path)


def _note_status(path: str, found: Found, written: Written) -> None:
    if found.status.st_nlink > 1:
        written.notes.append(f"{path} had another name (a hard link), which still has the old text")
