# SPDX-License-Identifier: GPL-2.0-or-later
"""What of the registry is needed by more than the plan: stanzas that stay as they are, and other configurations.

A check that its service file has no more fails at once, without any reload, and its server is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lvs_rawcheck.config.tree import to_text
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.registry_changes import RegistryChanges

_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]*/[0-9A-Fa-f.:]+")
_ORIGIN = re.compile(rb"[^\n]*\n# (?P<path>/[^\n]*): virtual(?:_server)? ")
_COMMENT = (b"#", b"!")


def ids_named(files: Iterable[bytes]) -> set[str]:
    """Return what looks like a check's ID in configurations, their comment lines left out.

    Read word by word, so that it is found also where no stanza of ours can be made out any more.
    """
    lines = (line for octets in files for line in octets.splitlines() if not line.lstrip().startswith(_COMMENT))
    return {found.decode("ascii") for line in lines for found in _ID.findall(line)}


def origin_of(service_file: bytes) -> str | None:
    """Return the configuration that a service file was made of, as its first own line says; None: it does not.

    A registry may serve several: what one of them does not name, another one may.
    """
    found = _ORIGIN.match(service_file)
    return None if found is None else to_text(found["path"])


def spare_what_is_in_use(changes: RegistryChanges, plan: Plan, options: PlanOptions) -> None:
    """Note a fault for each check that would be taken from others, and call nothing of theirs unused."""
    if not changes.dropped and not changes.unused:
        return
    named = ids_named({**plan.octets, **plan.result()}.values())
    here = options.path_there(plan.file)
    changes.faults += [
        f"{check_id}: its stanza stays as it is, and its service file would lack it, by which its server would be"
        " taken out at once: see why it cannot be planned, and mend that, or take the stanza out by hand"
        for check_id in changes.dropped
        if check_id in named
    ]
    changes.faults += [
        f"{name}: its service file was made of {there}, whose checks it would lack then, by which their servers would"
        " be taken out at once: give this configuration a registry of its own (--services)"
        for name in dict.fromkeys(check_id.partition("/")[0] for check_id in changes.dropped)
        if (there := origin_of(changes.found[name])) not in (None, here)
    ]
    services = {check_id.partition("/")[0] for check_id in named}
    changes.unused = [
        name for name in changes.unused if name not in services and origin_of(changes.found[name]) == here
    ]
