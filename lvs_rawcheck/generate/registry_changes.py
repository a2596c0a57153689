# SPDX-License-Identifier: GPL-2.0-or-later
"""What would change in the registry's folder for a plan.

A file that somebody edited is kept: what it lacks then, no stanza may name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from lvs_rawcheck.errors import ConfigError, ConfigSyntaxError
from lvs_rawcheck.registry.files import SUFFIX, ServiceFolder
from lvs_rawcheck.registry.read import parse_service
from lvs_rawcheck.registry.service import Service
from lvs_rawcheck.registry.write import UNTOUCHED, RenderedService, condition
from lvs_rawcheck.wire.address import format_endpoint


@dataclass(slots=True)
class RegistryChanges:
    """By name of the service. folder: where all of it is."""

    folder: str
    found: dict[str, bytes] = field(default_factory=dict)
    """What is there."""
    written: dict[str, bytes] = field(default_factory=dict)
    """What is put there, or in the place of what is."""
    kept: list[str] = field(default_factory=list)
    """Edited, or never ours, and not as planned: left as they are."""
    unused: list[str] = field(default_factory=list)
    """As we left them, and named by no stanza any more."""
    services: dict[str, Service] = field(default_factory=dict)
    """Those planned, as they will be read."""
    lacking: list[str] = field(default_factory=list)
    """IDs that planned files have, and those that are there have not: checks of theirs that already run fail."""
    dropped: list[str] = field(default_factory=list)
    """IDs that files put in the place of others have no more: checks of theirs that still run fail."""
    faults: list[str] = field(default_factory=list)
    """Why stanzas would name what is not there, a sentence each."""

    @property
    def rewritten(self) -> list[str]:
        """Return the services whose files change under checks that may be running."""
        return [name for name in self.written if name in self.found]


def registry_changes(
    folder: str,
    planned: Mapping[str, RenderedService],
    wanted_ids: Collection[str],
    named_elsewhere: Collection[str],
    import_libraries: Callable[[], None],
) -> RegistryChanges:
    """Return what would change in a folder; ConfigSyntaxError: it cannot be read.

    planned: service files. wanted_ids: what planned stanzas name. named_elsewhere: services that stanzas name which are
    left as they are. import_libraries: see `load_kind`.
    """
    changes = RegistryChanges(folder, _files(folder))
    for name, rendered in planned.items():
        there = changes.found.get(name)
        if there is not None and there != rendered.octets and condition(there) != UNTOUCHED:
            changes.kept.append(name)
            _read_kept(changes, name, there, import_libraries)
            changes.faults += _unproven(changes, name, rendered.service)
            continue
        changes.services[name] = rendered.service
        if there != rendered.octets:
            changes.written[name] = rendered.octets
            _compare_ids(changes, name, there, import_libraries)
    used = {*planned, *named_elsewhere}
    changes.faults += _lacking(changes, wanted_ids)
    changes.unused = [
        name for name, octets in changes.found.items() if name not in used and condition(octets) == UNTOUCHED
    ]
    return changes


def _read_kept(changes: RegistryChanges, name: str, octets: bytes, import_libraries: Callable[[], None]) -> None:
    try:
        changes.services[name] = parse_service(f"{changes.folder}/{name}{SUFFIX}", name, octets, import_libraries)
    except ConfigError as error:
        changes.faults.append(f"{error} (the file was edited, and is kept)")


def _compare_ids(
    changes: RegistryChanges, name: str, there: bytes | None, import_libraries: Callable[[], None]
) -> None:
    """Note the IDs that only one has of a planned file and the one that is there."""
    before: dict[str, None] = {}
    with suppress(ConfigError):  # no check of such a file's was ever answered
        if there is not None:
            before = _ids(parse_service(f"{changes.folder}/{name}{SUFFIX}", name, there, import_libraries))
    after = _ids(changes.services[name])
    changes.dropped += [check_id for check_id in before if check_id not in after]
    changes.lacking += [check_id for check_id in after if check_id not in before]


def _ids(service: Service) -> dict[str, None]:
    return dict.fromkeys(map(service.check_id, service.real_servers))


def _unproven(changes: RegistryChanges, name: str, planned: Service) -> list[str]:
    """Return a sentence if a file that is kept proves less than is forwarded, as after one more VIP of a group."""
    kept = changes.services.get(name)
    if kept is None:
        return []
    proven = {(endpoint.vip, endpoint.port) for endpoint in kept.endpoints}
    missing = [
        format_endpoint(each.vip, each.port) for each in planned.endpoints if (each.vip, each.port) not in proven
    ]
    if not missing:
        return []
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return [
        f"{name}: the service file was edited, is kept, and does not prove {missing[0]}{more}: add it to `endpoint` in"
        f" {kept.path}, or move the file away"
    ]


def _lacking(changes: RegistryChanges, wanted_ids: Iterable[str]) -> list[str]:
    ids = {service.check_id(server) for service in changes.services.values() for server in service.real_servers}
    return [
        f"{check_id}: the service file was edited, is kept, and has no such real server"
        for check_id in wanted_ids
        if check_id not in ids and check_id.partition("/")[0] in changes.services
    ]


def _files(folder_path: str) -> dict[str, bytes]:
    try:
        with ServiceFolder(folder_path) as folder:
            return {name.removesuffix(SUFFIX): folder.read(name) for name in folder.file_names()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigSyntaxError(folder_path, 0, 0, f"cannot read the registry: {error.strerror}") from error
