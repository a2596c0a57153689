# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of kinds: a name, and the module that knows the kind, loaded when somebody asks for it."""

from __future__ import annotations

import sys

from lvs_rawcheck.errors import LinkError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.kind import Kind

_MODULES = {
    "tcp": "tcp",
    "http": "http.kind",
    "https": "http.kind",
    "ldap": "ldap.kind",
    "ldaps": "ldap.kind",
    "mysql": "mysql.kind",
    "pgsql": "pgsql.kind",
    "radius": "radius",
    "smtp": "smtp",
    "submission": "smtp",
    "ftp": "ftp",
    "imap": "imap",
    "imaps": "imap",
    "pop": "pop",
    "pops": "pop",
    "nntp": "nntp",
    "sip": "sip",
    "simpletcp": "simpletcp",
    "oracle": "oracle",
    "http_proxy": "http_proxy",
    "stream": "stream",
    "dns": "dns",
    "udp": "udp",
    "ping": "ping",
    "sctp": "sctp",
}
KINDS = tuple(_MODULES)
_NEED_NO_LIBRARY = ("tcp",)


def load_kind(name: str, import_libraries: Callable[[], None]) -> Kind:
    """Return a kind; UsageError: there is none of that name. LinkError: a library that it needs is missing here.

    import_libraries: makes libraries importable that the interpreter was started without.
    """
    if name not in _MODULES:
        raise UsageError(f"no such kind of check: {name!r} (there are: {', '.join(KINDS)})")
    if name not in _NEED_NO_LIBRARY:
        import_libraries()
    module = f"lvs_rawcheck.checks.{_MODULES[name]}"
    try:
        __import__(module)
    except ImportError as error:
        raise LinkError(f"the kind {name} needs a library that is not installed: {error}") from error
    kinds: dict[str, Kind] = {kind.name: kind for kind in sys.modules[module].KINDS}
    return kinds[name]
