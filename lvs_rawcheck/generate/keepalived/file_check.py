# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into the configuration in style track-file: a FILE_CHECK, and the track_file block that it names.

Reading list: keepalived's check_file.c and trackers/track_file.c. A FILE_CHECK starts no process: keepalived watches
the file. It is the only use of `weight 0` in both places that means up and down and nothing between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lvs_rawcheck.config.tree import to_octets
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.keepalived.prepared import Prepared
from lvs_rawcheck.generate.keepalived.quoting import quoted_command
from lvs_rawcheck.generate.keepalived.stanza import StanzaText, demand_short_lines, indented_lines
from lvs_rawcheck.generate.keepalived.versions import version_fault
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.track_files import track_file_path
from lvs_rawcheck.registry.templates import Templates

_STANZA, _BLOCK = "keepalived/track-file.conf", "keepalived/track-file-block.conf"
_NAME, _FILE = "the-name", '"the file"'  # what templates are given in their places


def demand_version(version: tuple[int, ...]) -> None:
    """Raise UsageError for a version of keepalived that cannot be told by track files."""
    fault = version_fault(version)
    if fault is not None:
        raise UsageError(f"--style track-file: {fault} (--keepalived-version says which it is)")


class FileCheckWriter:
    """Writes them. taken: names of track_file blocks that are the site's own."""

    def __init__(self, options: PlanOptions, templates: Templates, taken: Collection[str]) -> None:
        self._options = options
        self._templates = templates
        self._taken = taken
        self._stanzas: dict[bytes, tuple[bytes, ...]] = {}
        self._blocks: dict[bytes, tuple[bytes, ...]] = {}

    def stanza(self, prepared: Prepared, service: Mapping[str, object], step: bytes) -> StanzaText:
        """Return the FILE_CHECK of a check; Refused. service: its settings, which its file says."""
        name = prepared.check_id
        if name in self._taken:
            raise Refused(f"the configuration has a track_file called {name} already")
        demand_short_lines(b"\n".join(self.block(name, step)))
        lines = self._stanzas.get(step)
        if lines is None:
            lines = self._stanzas[step] = _with_place(self._templates, _STANZA, step, track_file=_NAME)
        there = to_octets(name)
        return StanzaText((), tuple(line.replace(to_octets(_NAME), there) for line in lines), name)

    def block(self, check_id: str, step: bytes) -> tuple[bytes, ...]:
        """Return the lines of a check's track_file block."""
        lines = self._blocks.get(step)
        if lines is None:
            lines = self._blocks[step] = _with_place(self._templates, _BLOCK, step, track_file=_NAME, file=_FILE)
        name, path = to_octets(check_id), to_octets(self._quoted_path(check_id))
        return tuple(line.replace(to_octets(_NAME), name).replace(to_octets(_FILE), path) for line in lines)

    def path(self, check_id: str) -> str:
        """Return the file that a check's block names."""
        return track_file_path(self._options.state, check_id)

    def _quoted_path(self, check_id: str) -> str:
        path = self.path(check_id)
        try:
            quoted = quoted_command((path,))
        except UsageError as error:
            raise Refused(str(error)) from error
        if "'" in quoted:  # a blank in it: one word of `file` needs no quotes within
            raise Refused(f"a blank in {path!r}: keepalived's versions do not read it alike")
        return quoted


def _with_place(templates: Templates, name: str, step: bytes, **values: str) -> tuple[bytes, ...]:
    text = templates.render(name, **values)
    for place in values.values():
        if place not in text:
            raise UsageError(f"template {name}: it does not say {' and '.join(values)}")
    return indented_lines(text, step)
