# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan for a keepalived.conf: which checkers are replaced by which raw checks, which are left, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lvs_rawcheck.config.keepalived import Configuration, read_keepalived
from lvs_rawcheck.generate.keepalived.claims import Claims
from lvs_rawcheck.generate.keepalived.compare import demand_same_site
from lvs_rawcheck.generate.keepalived.endpoints import names_of
from lvs_rawcheck.generate.keepalived.existing import TRACK_FILE as TRACK_FILE_BLOCK
from lvs_rawcheck.generate.keepalived.existing import OldFile, find_existing
from lvs_rawcheck.generate.keepalived.file_check import FileCheckWriter, demand_version
from lvs_rawcheck.generate.keepalived.notify import NotifyWriter
from lvs_rawcheck.generate.keepalived.notify_compare import demand_same_scripts
from lvs_rawcheck.generate.keepalived.notify_place import NotifyPlacer
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.roles import Roles
from lvs_rawcheck.generate.keepalived.stanza import StanzaWriter
from lvs_rawcheck.generate.keepalived.timing import RULE
from lvs_rawcheck.generate.keepalived.track_blocks import TrackBlocks
from lvs_rawcheck.generate.keepalived.virtual import VirtualPlanner
from lvs_rawcheck.generate.options import TRACK_FILE, PlanOptions, selects
from lvs_rawcheck.generate.plan import LeftStanza
from lvs_rawcheck.generate.validate import CheckValidator
from lvs_rawcheck.registry.templates import OVERRIDES_DIR, Templates

Version = tuple[int, ...]
# What keepalived does not read as it was meant: a plan for something else helps nobody.
_FATAL = frozenset(
    {"brace", "quote", "nul", "missing-value", "include", "missing-include", "expansion", "sequence", "long-line"}
    | {"unknown-block", "condition"}
)
_WILDCARDS = frozenset(b"*?[")


def plan_keepalived(
    path: str,
    options: PlanOptions,
    config_id: str | None,
    version: Version,
    import_libraries: Callable[[], None],
    overlay: Mapping[str, bytes] | None = None,
) -> KeepalivedPlan:
    """Return the plan; ConfigError where the configuration cannot be read for certain, UsageError for the options.

    config_id: of the node that the plan is for. import_libraries: see `load_kind`. overlay: octets to take for some
    paths instead of what the disk holds.
    """
    if options.style == TRACK_FILE:
        demand_version(version)
    present = read_keepalived(path, config_id, version, overlay)
    _demand_readable(present)
    old_files, lost = find_existing(present)
    present_octets = {path: file.octets for path, file in present.files.items()}
    without_ours = {old.path: old.original for old in old_files.values()}
    original = present
    if without_ours:
        original = read_keepalived(path, config_id, version, present_octets | without_ours)
    plan = KeepalivedPlan(present.main.path, RULE, octets=present_octets)
    plan.warnings += lost
    _warn(plan, original)
    _plan_virtual_servers(plan, original, old_files, options, import_libraries)
    changed = plan.result()
    if changed:
        result = read_keepalived(path, config_id, version, present_octets | changed)
        demand_same_site(plan, present, original, result)
        demand_same_scripts(plan, present, original, result)
    return plan


def _demand_readable(configuration: Configuration) -> None:
    for finding in configuration.findings:
        # A folder in which nothing matches is how it begins on most sites.
        nothing_yet = finding.kind == "missing-include" and not _WILDCARDS.isdisjoint(finding.span.octets)
        if finding.kind in _FATAL and not nothing_yet:
            raise finding.to_error()


def _warn(plan: KeepalivedPlan, configuration: Configuration) -> None:
    for finding in configuration.findings:
        plan.warnings.append(str(finding))


def _plan_virtual_servers(
    plan: KeepalivedPlan,
    original: Configuration,
    old_files: dict[str, OldFile],
    options: PlanOptions,
    import_libraries: Callable[[], None],
) -> None:
    templates = Templates(options.templates or OVERRIDES_DIR)
    claims = Claims(original.site, old_files, options)
    placer = NotifyPlacer(plan, NotifyWriter(original.site.settings, options.scripts, options.state), old_files)
    tracking = None
    if options.style == TRACK_FILE:
        taken = {each.name for each in original.site.track_files}
        tracking = FileCheckWriter(options, templates, taken)
    blocks = TrackBlocks(plan, old_files, tracking)
    planner = VirtualPlanner(
        plan,
        options,
        old_files,
        Roles(original.site, options.state, placer.wire),
        claims,
        CheckValidator(import_libraries),
        tracking or StanzaWriter(options, templates),
        blocks,
    )
    for virtual in original.site.virtual_servers:
        if selects(options, names_of(virtual)):
            planner.add(virtual)
    placer.keep_others(original.site)
    handled = planner.handled | placer.handled
    blocks.place(original.site, handled)
    for old_file in old_files.values():
        _note_left(plan, old_file, handled, claims.not_meant)


def _note_left(
    plan: KeepalivedPlan, old_file: OldFile, handled: set[tuple[str, int]], not_meant: set[tuple[str, int]]
) -> None:
    """Remember the stanzas of ours that nothing was planned for, and say so where a plan was asked for."""
    for old in old_file.stanzas:
        if (old_file.path, old.start) in handled or old.keyword == TRACK_FILE_BLOCK:
            continue
        plan.left.append(LeftStanza(old.check_id, old_file.path, old.stanza, old.place, old.original is not None))
        if (old_file.path, old.start) not in not_meant:
            plan.warnings.append(
                f"{old.check_id}: what its stanza stands for cannot be planned any more; it is left as it is"
            )
