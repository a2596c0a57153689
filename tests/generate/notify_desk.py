# SPDX-License-Identifier: GPL-2.0-or-later
"""The wiring of a configuration's VRRP instances by itself, without the checks that need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.generate.keepalived.existing import find_existing
from lvs_rawcheck.generate.keepalived.notify import NotifyWriter
from lvs_rawcheck.generate.keepalived.notify_compare import demand_same_scripts
from lvs_rawcheck.generate.keepalived.notify_place import NotifyPlacer
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.refusal import Refused

SCRIPTS = "/usr/lib/lvs-rawcheck"
STATE = "/run/lvs-rawcheck"
GROUPS = {"root": "root", "web": "webs"}
VERSION = (2, 2, 7)


@dataclass(frozen=True, slots=True)
class Wired:
    """What came of it. refused: by instance, why."""

    before: bytes
    after: bytes
    refused: dict[str, str]
    warnings: list[str]

    @property
    def changed(self) -> bool:
        """Return whether there was anything to do."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Desk:
    """Where configurations are wired. groups: the users of the host, each with its own group."""

    folder: Path
    groups: dict[str, str]
    scripts: str = SCRIPTS
    state: str = STATE

    def wire(self, text: str | bytes, *names: str, config_id: str = "lb1") -> Wired:
        """Wire the instances of these names, all if there are none; hold the result to what was planned."""
        octets = text.encode() if isinstance(text, str) else text
        file = self.folder / "keepalived.conf"
        file.write_bytes(octets)
        path = str(file)
        present = read_keepalived(path, config_id, VERSION)
        old_files, lost = find_existing(present)
        overlay = {old.path: old.original for old in old_files.values()}
        original = read_keepalived(path, config_id, VERSION, overlay)
        plan = KeepalivedPlan(path, octets={each: found.octets for each, found in present.files.items()})
        writer = NotifyWriter(original.site.settings, self.scripts, self.state, self.groups.get)
        placer = NotifyPlacer(plan, writer, old_files)
        refused = {}
        for instance in original.site.instances:
            if instance.name in names or not names:
                try:
                    placer.wire(instance)
                except Refused as error:
                    refused[instance.name] = str(error)
        placer.keep_others(original.site)
        after = plan.result().get(path, octets)
        result = read_keepalived(path, config_id, VERSION, {path: after})
        demand_same_scripts(plan, present, original, result)
        return Wired(octets, after, refused, lost + plan.warnings)

    def reverted(self, octets: bytes) -> bytes:
        """Return a configuration with everything of ours taken back."""
        file = self.folder / "keepalived.conf"
        file.write_bytes(octets)
        old_files, _ = find_existing(read_keepalived(str(file), "lb1", VERSION))
        return old_files[str(file)].original if old_files else octets
