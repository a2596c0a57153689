# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that the daemon may ever run, loaded as it starts.

An upgrade takes the running program's folder away, and the daemon goes on with what it has in memory until it is
started anew: minutes later where many packages are upgraded at once. Until then no failure, no reload and no kind of
check that is met for the first time may look for a module.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import lvs_rawcheck

PACKAGES = ("checks", "daemon", "director", "link", "neighbor", "registry", "tcp", "tls", "wire")
"""The rows below the daemon's own, and its own; what only commands use is not among them."""
_FOR_METRICS = "lvs_rawcheck.daemon.metrics"
"""With a library that is heavy and only suggested: loaded at the start as well, where metrics are wanted."""
LATE = ("difflib", "encodings.idna", "tomllib", "traceback")
"""What the standard library and our modules load only where something is wrong, not plain, or other than ASCII."""


def import_all() -> list[str]:
    """Import them; return a sentence for each module that lacks a library: what needs it fails later, as it would."""
    missing = []
    for name in (*_modules(), *LATE):
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name}: {error}")
    return missing


def _modules() -> Iterator[str]:
    for package in PACKAGES:
        name = f"{lvs_rawcheck.__name__}.{package}"
        yield name
        for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            if found.name != _FOR_METRICS:
                yield found.name
