# SPDX-License-Identifier: GPL-2.0-or-later
"""lvs-rawcheck.toml: what an administrator has set for the daemon. An empty file leaves everything as it is."""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.daemon.listening import parse_loopback
from lvs_rawcheck.errors import ConfigSyntaxError, UsageError
from lvs_rawcheck.registry.tables import Table
from lvs_rawcheck.registry.toml import parse_toml

_METRICS = "metrics"
_KEYS = (_METRICS,)
_OCTETS_MOST = 1 << 16


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """What may be set; each has its default where it is not."""

    metrics: str | None = None
    """Where metrics are served: `ADDRESS:PORT` of loopback, or a path; None: nowhere."""


def read_settings(path: str, may_be_missing: bool) -> DaemonSettings:
    """Return what a file says; ConfigError: with the file and the key."""
    try:
        with open(path, "rb") as file:
            octets = file.read(_OCTETS_MOST + 1)
    except FileNotFoundError as error:
        if may_be_missing:
            return DaemonSettings()
        raise ConfigSyntaxError(path, 0, 0, f"cannot be read: {error.strerror}") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a path"
        raise ConfigSyntaxError(path, 0, 0, f"cannot be read: {reason}") from error
    if len(octets) > _OCTETS_MOST:
        raise ConfigSyntaxError(path, 0, 0, f"larger than {_OCTETS_MOST} octets")
    table = Table(path, "", parse_toml(path, octets))
    table.demand_known(_KEYS)
    return DaemonSettings(_metrics(table) if _METRICS in table else None)


def _metrics(table: Table) -> str:
    """Return where metrics are served, in a form that can be meant; ConfigValueError."""
    text = table.text(_METRICS)
    try:
        if not text.startswith("/"):
            parse_loopback(text)
    except UsageError as error:
        raise table.error(_METRICS, str(error)) from error
    return text
