# SPDX-License-Identifier: GPL-2.0-or-later
"""Service files that we write, and can tell from those that somebody edited since.

The first line is a digest of the rest. A file whose digest is right is as we left it, and may be rewritten or removed;
any other is somebody's, and is kept. Files are 0640 and of the daemon's group: they may hold passwords.
"""

from __future__ import annotations

import os
from hashlib import sha256

from lvs_rawcheck.errors import ConfigValueError
from lvs_rawcheck.registry.files import FILE_OCTETS_MOST, SUFFIX
from lvs_rawcheck.registry.names import is_name
from lvs_rawcheck.registry.read import parse_service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lvs_rawcheck.registry.service import CheckSpec, Service
    from lvs_rawcheck.registry.templates import Templates

    Table = Mapping[str, object]

UNTOUCHED, EDITED, FOREIGN = "untouched", "edited", "foreign"
"""What is there: nothing; a file as we left it; one of ours that was changed; one that never was ours."""

_DIGEST_LINE = b"# lvs-rawcheck wrote this; an edited file is kept: "
_FILE_MODE = 0o640
_FOLDER_MODE = 0o755


class ServerText:
    """A `[[real_server]]`. settings: its keys, address first; checks and standby_checks: the keys of each."""

    def __init__(self, settings: Table, checks: Sequence[Table] = (), standby_checks: Sequence[Table] = ()) -> None:
        self.settings = settings
        self.checks = checks
        self.standby_checks = standby_checks


class ServiceText:
    """A service file before it is text. Keys whose value is None are left out."""

    def __init__(
        self,
        settings: Table,
        checks: Sequence[Table],
        real_servers: Sequence[ServerText],
        standby_checks: Sequence[Table] = (),
        comment: Sequence[str] = (),
    ) -> None:
        self.settings = settings
        self.checks = checks
        self.real_servers = real_servers
        self.standby_checks = standby_checks
        self.comment = comment


class RenderedService:
    """A service file as text, and what our own reader makes of it."""

    def __init__(self, octets: bytes, service: Service) -> None:
        self.octets = octets
        self.service = service


def render_service(
    templates: Templates, name: str, service: ServiceText, import_libraries: Callable[[], None]
) -> RenderedService:
    """Return a service file, proven by our own reader; ConfigError."""
    text = templates.render("service.toml", **vars(service))
    octets = seal(text.encode())
    if len(octets) > FILE_OCTETS_MOST:
        raise ConfigValueError(f"{name}{SUFFIX}", 0, 0, f"larger than {FILE_OCTETS_MOST} octets")
    read = parse_service(f"{name}{SUFFIX}", name, octets, import_libraries)
    for check in _distinct_checks(read):
        check.step()
    return RenderedService(octets, read)


def _distinct_checks(service: Service) -> dict[CheckSpec, None]:
    """Return all checks of a service, those that its real servers share once."""
    checks = dict.fromkeys(check for server in service.real_servers for check in server.checks)
    return checks | dict.fromkeys(standby.check for server in service.real_servers for standby in server.standby_checks)


def seal(octets: bytes) -> bytes:
    """Return a file's text under the line that tells it from an edited one."""
    return b"%b%b\n%b" % (_DIGEST_LINE, _digest(octets), octets)


def condition(octets: bytes) -> str:
    """Return UNTOUCHED, EDITED or FOREIGN."""
    if not octets.startswith(_DIGEST_LINE):
        return FOREIGN
    first, _, rest = octets.partition(b"\n")
    return UNTOUCHED if first == _DIGEST_LINE + _digest(rest) else EDITED


def write_service(folder_path: str, name: str, octets: bytes, group_id: int | None) -> None:
    """Put a service file in its place, complete or not at all; OSError.

    group_id: the daemon's group; None: as it comes.
    """
    _demand_name(name)
    temporary = f"{folder_path}/.{name}{SUFFIX}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            if group_id is not None:
                os.fchown(file.fileno(), -1, group_id)
            os.fchmod(file.fileno(), _FILE_MODE)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, f"{folder_path}/{name}{SUFFIX}")
    except OSError:
        os.unlink(temporary)
        raise


def make_folder(folder_path: str) -> None:
    """Make the registry's folder where it is missing; OSError."""
    os.makedirs(folder_path, _FOLDER_MODE, exist_ok=True)


def _demand_name(name: str) -> None:
    if not is_name(name):
        raise ConfigValueError(f"{name!r}", 0, 0, "not a service's name")


def _digest(octets: bytes) -> bytes:
    return sha256(octets).hexdigest().encode()
