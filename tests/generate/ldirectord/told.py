# SPDX-License-Identifier: GPL-2.0-or-later
"""What ldirectord's own parser tells of a configuration, taken apart: the checks, and all the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

Told = dict[str, Any]
_OF_CHECKS = ("checktype", "checkcommand", "checktimeout", "negotiatetimeout", "num_connects")
_OF_REALS = ("num_connects",)


def write_all(folder: Path, texts: Iterable[bytes]) -> list[Path]:
    """Return a file for each text, of a name that no daemon's configuration has."""
    paths = []
    for number, octets in enumerate(texts):
        path = folder / f"{folder.parent.name}-{folder.name}-{number}.cf"
        path.write_bytes(octets)
        paths.append(path)
    return paths


def check_of(virtual: Told) -> tuple[str, str]:
    """Return what is checked of a virtual."""
    return virtual["checktype"], virtual["checkcommand"]


def rest_of(told: Told) -> Told:
    """Return everything else."""
    virtuals = [
        {
            **{name: value for name, value in virtual.items() if name not in (*_OF_CHECKS, "real")},
            "real": [
                {name: value for name, value in real.items() if name not in _OF_REALS} for real in virtual["real"]
            ],
        }
        for virtual in told["virtuals"]
    ]
    return {**told, "virtuals": virtuals}
