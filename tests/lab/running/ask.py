# SPDX-License-Identifier: GPL-2.0-or-later
"""ask.py: on the director, the dump and the table as we read them, in one JSON object."""

from __future__ import annotations

import dataclasses
import json

from lvs_rawcheck.director.ipvs import read_table
from lvs_rawcheck.director.keepalived_inquiry import ask_for_dump
from lvs_rawcheck.director.keepalived_process import find_keepalived
from lvs_rawcheck.wire.address import format_address


def shown(value: object) -> str:
    """Return an address as text, for json."""
    assert isinstance(value, bytes)
    return format_address(value)


def main() -> None:
    """Ask, and print."""
    keepalived = find_keepalived()
    dump, written = ask_for_dump(keepalived)
    table = read_table()
    print(
        json.dumps(
            {
                "keepalived": dataclasses.asdict(keepalived),
                "dump": dataclasses.asdict(dump),
                "written": written,
                "services": {
                    f"{protocol} {format_address(address)} {port}": {
                        f"{format_address(real)} {real_port}": [found.method, found.weight]
                        for (real, real_port), found in destinations.items()
                    }
                    for (protocol, address, port), destinations in table.services.items()
                },
                "fwmarks": {
                    mark: [f"{format_address(real)} {port}" for real, port in destinations]
                    for mark, destinations in table.fwmarks.items()
                },
            },
            default=shown,
        )
    )


if __name__ == "__main__":
    main()
