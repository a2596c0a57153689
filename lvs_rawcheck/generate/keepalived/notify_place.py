# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of ours put into the blocks of VRRP instances, each with its marker (marker.py), so that they can be told from
the site's and taken out again.

    # lvs-rawcheck VI_1/notify_master, added
    notify_master "/usr/lib/lvs-rawcheck/notify MASTER VI_1" root
"""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.config.keepalived.model import Site, VrrpInstance
from lvs_rawcheck.generate.keepalived.existing import TRACK_FILE, OldFile, OldStanza
from lvs_rawcheck.generate.keepalived.notify import NotifyWriter, Wiring
from lvs_rawcheck.generate.keepalived.placing import Place
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.splice import Edit


class NotifyPlacer:
    """Makes instances maintain their role files. old_files: those with lines of ours, by path.

    plan.wired gets the instances, plan.warnings what their owner may wonder about. handled: by path and place, those of
    the lines of ours that are there already which were planned anew.
    """

    def __init__(self, plan: KeepalivedPlan, writer: NotifyWriter, old_files: Mapping[str, OldFile]) -> None:
        self._plan = plan
        self._writer = writer
        self._old_files = old_files
        self._asked: set[str] = set()
        self.handled: set[tuple[str, int]] = set()

    def wire(self, instance: VrrpInstance) -> None:
        """Plan all lines of one instance; Refused, and nothing is planned."""
        self._asked.add(instance.name)
        wiring = self._writer.wire(instance)
        self._place(wiring)
        self._plan.wired[instance.name] = wiring
        self._plan.warnings += [f"vrrp_instance {instance.name}: {note}" for note in wiring.notes]

    def keep_others(self, site: Site) -> None:
        """Leave the lines of the instances as they are that nothing was asked about."""
        for instance in site.instances:
            if instance.name not in self._asked and instance.span is not None:
                path = instance.span.file.path
                self.handled.update((path, old.start) for old in self._unhandled(instance))

    def _place(self, wiring: Wiring) -> None:
        instance, span = wiring.instance, wiring.instance.span
        assert span is not None
        place = Place(self._plan, span.file, self._old_files.get(span.file.path), self.handled)
        insertion = place.insertion(instance)
        added, replaced = [], []
        for line in wiring.lines:
            marker_id = f"{instance.name}/{line.keyword}"
            if line.replaced is None:
                added.append(place.addition(insertion, marker_id, (line.text,)))
            else:
                replaced.append((line.replaced, place.replacement(line.replaced, marker_id, (line.text,))))
        for theirs, text in replaced:
            place.replace(theirs, text)
        if added:
            place.add(insertion, span, added)
        for old in self._unhandled(instance):
            self._put_back(span.file.path, old)

    def _unhandled(self, instance: VrrpInstance) -> list[OldStanza]:
        """Return the lines of ours in an instance that were not planned this time."""
        span = instance.span
        old_file = None if span is None else self._old_files.get(span.file.path)
        if span is None or old_file is None:
            return []
        path = span.file.path
        lines = (old for old in old_file.stanzas if old.keyword != TRACK_FILE)
        within = (old for old in lines if span.start <= old.place < span.end)
        return [old for old in within if (path, old.start) not in self.handled]

    def _put_back(self, path: str, old: OldStanza) -> None:
        self.handled.add((path, old.start))
        self._plan.edits.setdefault(path, []).append(Edit(old.start, old.end, old.original or b""))
