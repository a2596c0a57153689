# SPDX-License-Identifier: GPL-2.0-or-later
"""What of the registry is needed by more than the plan: stanzas that stay as they are, and other configurations.

A check that its service file has no more fails at once, without any reload, and its server is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lvs_rawcheck.config.disk import Unusable, read_regular_file
from lvs_rawcheck.config.tree import to_text
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.program import Named
from lvs_rawcheck.generate.registry_changes import RegistryChanges

_ORIGIN = re.compile(rb"[^\n]*\n# (?P<path>/[^\n]*): virtual(?:_server)? ")


def origin_of(service_file: bytes) -> str | None:
    """Return the configuration that a service file was made of, as its first own line says; None: it does not.

    A registry may serve several: what one of them does not name, another one may.
    """
    found = _ORIGIN.match(service_file)
    return None if found is None else to_text(found["path"])


def spare_what_is_in_use(changes: RegistryChanges, plan: Plan, options: PlanOptions, named: Named) -> None:
    """Note a fault for each check that would be taken from others, and call nothing of theirs unused.

    named: by the configuration, as it is and as it will be.
    """
    here = options.path_there(plan.file)
    changes.faults += [
        f"{check_id}: its stanza stays as it is, and its service file would lack it, by which its server would be"
        " taken out at once: see why it cannot be planned, and mend that, or take the stanza out by hand"
        for check_id in changes.dropped
        if check_id in named.check_ids
    ]
    changes.faults += [
        f"{name}: its service file was made of {there}, whose checks it would lack then, by which their servers would"
        " be taken out at once: give this configuration a registry of its own (--services)"
        for name in dict.fromkeys(check_id.partition("/")[0] for check_id in changes.dropped)
        if (there := origin_of(changes.found[name])) not in (None, here)
    ]
    changes.unused = [
        name for name in changes.unused if name not in named.services and origin_of(changes.found[name]) == here
    ]


def leave_to_others(
    changes: RegistryChanges, plan: Plan, options: PlanOptions, named_by: Callable[[bytes], Named]
) -> None:
    """Note a fault for each service file that would be another configuration's no more, which calls it still.

    What that one's servers are asked would change at once, without a word to it. named_by: what a file's octets name.
    """
    here = options.path_there(plan.file)
    dropped = {check_id.partition("/")[0] for check_id in changes.dropped}
    for name in changes.rewritten:
        there = origin_of(changes.found[name])
        if there is None or there == here or name in dropped:
            continue
        octets = _read(options, there)
        if octets is not None and name in named_by(octets).services:
            changes.faults.append(
                f"{name}: its service file was made of {there}, which calls it still, and cannot follow two"
                " configurations: give this one a registry of its own (--services; with ldirectord --wrappers, too)"
            )


def _read(options: PlanOptions, path: str) -> bytes | None:
    """Return a configuration of the host that the plan is for, None where there is none."""
    try:
        return read_regular_file(f"{(options.root or '').rstrip('/')}{path}").octets
    except Unusable:
        return None
