# SPDX-License-Identifier: GPL-2.0-or-later
"""ours.py: on the director, our own check of each row on the data path, one JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.wire.address import parse_address
from tests.lab.agreement.rows import DEADLINE, REAL, ROWS, VIP, Row, port_of

if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step


def step(kind: Kind, told: dict[str, object]) -> Step:
    """Return one url of a row, its values converted as the command line's are."""
    values = defaults(kind.parameters)
    for parameter in kind.parameters:
        if parameter.name in told:
            given = told.pop(parameter.name)
            if parameter.many:
                assert isinstance(given, list)
                values[parameter.name] = [parameter.convert(str(each)) for each in given]
            else:
                values[parameter.name] = 1 if parameter.metavar is None else parameter.convert(str(given))
    assert not told, f"no parameters of {kind.name}: {told}"
    return kind.prepare(Values(values))


def check(row: Row) -> dict[str, object]:
    """Return what --json would say of a row."""
    kind = load_kind(row.kind, lambda: None)
    steps = [step(kind, dict(told)) for told in row.ours]
    request = Request(row.kind, steps, parse_address(REAL), [Endpoint(parse_address(VIP), port_of(row))])
    request.timeout = DEADLINE
    return run_request(request).to_dict()


def main() -> None:
    """Check all rows."""
    for row in ROWS:
        print(json.dumps({"name": row.name, "port": port_of(row), "ours": check(row)}), flush=True)


if __name__ == "__main__":
    main()
