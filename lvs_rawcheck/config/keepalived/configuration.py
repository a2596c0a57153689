# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that is known of one configuration: its files, what keepalived makes of them, what was noticed."""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.config.findings import Findings
from lvs_rawcheck.config.keepalived.blocks import Block, Process, Statement
from lvs_rawcheck.config.keepalived.directives import CHECK_ROOT, GLOBAL_ROOT, SHARED_ROOT, VRRP_ROOT, known_to
from lvs_rawcheck.config.keepalived.expander import EndOfReading
from lvs_rawcheck.config.keepalived.files import Files
from lvs_rawcheck.config.keepalived.leaves import leaves_of
from lvs_rawcheck.config.keepalived.lines import Line, Version
from lvs_rawcheck.config.keepalived.model import GlobalSettings, Site
from lvs_rawcheck.config.keepalived.obstacles import note_obstacles
from lvs_rawcheck.config.keepalived.reading import Reading
from lvs_rawcheck.config.keepalived.servers import (
    VirtualServerBuilder,
    admit_real_server,
    admit_virtual_server,
    build_group,
)
from lvs_rawcheck.config.keepalived.values import Values
from lvs_rawcheck.config.keepalived.vrrp import (
    admit_named_once,
    build_instance,
    build_settings,
    build_sync_group,
    build_track_file,
)
from lvs_rawcheck.config.read import ReadConfiguration
from lvs_rawcheck.config.tree import Leaf, SourceFile

DEBIAN_12: Version = (2, 2, 7)


class Configuration(ReadConfiguration):
    """One configuration, as one node reads it.

    site: what it sets up; unknown: what one of keepalived's processes ignores, since it does not know the word there.
    """

    def __init__(
        self, main: SourceFile, files: Files, site: Site, unknown: list[Statement], findings: Findings
    ) -> None:
        super().__init__(main, files.by_path, findings)
        self.site = site
        self.unknown = unknown

    def leaves(self, path: str) -> list[Leaf]:
        """Return one of the files as leaves; those that nobody can read say why."""
        return leaves_of(self.files[path], self.errors)


def read_keepalived(
    path: str,
    config_id: str | None = None,
    version: Version = DEBIAN_12,
    overlay: Mapping[str, bytes] | None = None,
) -> Configuration:
    """Return a configuration as keepalived of a version reads it; raises ConfigError if its main file cannot be read.

    config_id: which node it is read for, what `@id` lines are compared with. overlay: octets to take for some paths
    instead of what the disk holds. All that is wrong inside becomes a finding.
    """
    findings = Findings()
    files = Files(findings, version, overlay or {})
    main = files.open_main(path)
    processes = _Processes(main, version, findings)
    try:
        for line in Reading(files, config_id, findings).lines(main):
            processes.feed(line)
    except EndOfReading:
        pass
    processes.end()
    return Configuration(main, files, _site(processes, Values(findings)), processes.unknown(), findings)


class _Processes:
    """keepalived's parent, checker and VRRP processes, all of which read the same lines."""

    def __init__(self, main: SourceFile, version: Version, findings: Findings) -> None:
        check, vrrp = known_to(version, CHECK_ROOT), known_to(version, VRRP_ROOT)
        shared, general = known_to(version, SHARED_ROOT), known_to(version, GLOBAL_ROOT)
        root = {**general, **vrrp, **check, **shared}
        start = Line(b"", main, 0)
        self._findings = findings
        self.parent = Process(root, general, start, findings)
        self.checker = Process(
            root,
            {**check, **shared},
            start,
            findings,
            {"virtual_server": admit_virtual_server, "real_server": admit_real_server},
        )
        self.vrrp = Process(
            root,
            {**vrrp, **shared},
            start,
            findings,
            {kind: admit_named_once(kind) for kind in ("vrrp_instance", "vrrp_sync_group")},
        )
        self._all = (self.parent, self.checker, self.vrrp)
        self._open: list[Line] = []

    def feed(self, line: Line) -> None:
        """Let all of them read one logical line."""
        text = line.text
        if text == b"{":
            self._open.append(line)
        elif text == b"}":
            if self._open:
                self._open.pop()
            else:
                self._findings.error(line.span, "brace", "a '}' too many")
        has_brace = b"{" in text or b"}" in text
        for process in self._all:
            if has_brace or process.skipping < 1:  # most lines concern one of the three
                process.feed(line)

    def unknown(self) -> list[Statement]:
        """Return the statements that one of them does not know."""
        return [each for process in self._all for each in process.unknown]

    def end(self) -> None:
        """Note the blocks that nothing closes."""
        for line in self._open:
            self._findings.error(line.span, "brace", "this '{' is never closed")
        for process in self._all:
            for block in process.end():
                if block.opening is None and block.skipped is None:
                    self._findings.error(block.span, "brace", f"{block.keyword} has no '{{' after it")


def _blocks(root: Block, keyword: str) -> list[Block]:
    return list(root.blocks(keyword))


def _site(processes: _Processes, values: Values) -> Site:
    check, vrrp = processes.checker.root, processes.vrrp.root
    site = Site(settings=GlobalSettings())
    site.settings = build_settings(processes.parent.root.blocks("global_defs"), values)
    site.instances = [build_instance(block, values) for block in _blocks(vrrp, "vrrp_instance")]
    site.sync_groups = [build_sync_group(block, values) for block in _blocks(vrrp, "vrrp_sync_group")]
    groups = (build_group(block, values) for block in _blocks(check, "virtual_server_group"))
    site.groups = [group for group in groups if group is not None]
    by_name = {group.name: group for group in reversed(site.groups)}
    site.virtual_servers = [
        VirtualServerBuilder(block, by_name, values).build() for block in _blocks(check, "virtual_server")
    ]
    for keyword in ("track_file", "vrrp_track_file"):
        tracks = (build_track_file(block, values) for block in _blocks(check, keyword))
        site.track_files.extend(track for track in tracks if track is not None)
    _hand_out_certificate(check, site)
    note_obstacles(site)
    return site


def _hand_out_certificate(check: Block, site: Site) -> None:
    """Tell each SSL_GET which certificate it shows to servers that ask: of the last SSL block (check_ssl.c)."""
    block = next(reversed(_blocks(check, "SSL")), None)
    shown = None if block is None else next((each for word in ("certificate", "key") for each in block.all(word)), None)
    if shown is None:
        return
    for virtual in site.virtual_servers:
        for server in virtual.real_servers:
            for checker in server.checkers:
                if checker.kind == "SSL_GET":
                    checker.parameters["certificate"] = " ".join(shown.arguments)
