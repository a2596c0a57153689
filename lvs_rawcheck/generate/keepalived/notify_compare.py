# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the result makes keepalived run the notify scripts that were meant: read again, as compare.py does it."""

from __future__ import annotations

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.config.keepalived.model import Script, Site
from lvs_rawcheck.config.keepalived.words import script_words
from lvs_rawcheck.config.tree import to_text
from lvs_rawcheck.generate.keepalived.compare import PlanMismatch
from lvs_rawcheck.generate.keepalived.notify import Wiring
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan

_Command = tuple[list[str], str | None, str | None]
_Commands = dict[str, _Command]


def demand_same_scripts(
    plan: KeepalivedPlan, present: Configuration, original: Configuration, result: Configuration
) -> None:
    """Raise PlanMismatch if an instance or sync group would run other scripts than the site's and the planned ones.

    present: the configuration as it is; original: the same without lines of ours.
    """
    expected = _of_instances(present.site)
    theirs = _of_instances(original.site)
    for name, wiring in plan.wired.items():
        expected[name] = theirs[name] | _of_wiring(wiring)
    found = _of_instances(result.site)
    for name, commands in expected.items():
        if found.get(name) != commands:
            raise PlanMismatch(f"vrrp_instance {name} would not run the scripts that were planned")
    if _of_groups(original.site) != _of_groups(result.site):
        raise PlanMismatch("the sync groups would not run the same scripts")


def _of_wiring(wiring: Wiring) -> _Commands:
    found: _Commands = {}
    for line in wiring.lines:
        words = script_words(to_text(line.text))
        argv = script_words(words[1]) if words else None
        if not words or argv is None:
            raise PlanMismatch(f"keepalived could not read: {to_text(line.text)}")
        found[line.keyword] = argv, words[2], None
    return found


def _of_instances(site: Site) -> dict[str, _Commands]:
    return {instance.name: _of_scripts(instance.scripts) for instance in site.instances}


def _of_groups(site: Site) -> dict[str, _Commands]:
    return {group.name: _of_scripts(group.scripts) for group in site.sync_groups}


def _of_scripts(scripts: dict[str, Script]) -> _Commands:
    return {keyword: (script.argv, script.user, script.group) for keyword, script in scripts.items()}
