# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate PROGRAM FILE`: the plan, shown; generate_write.py and generate_revert.py write."""

from __future__ import annotations

import gc
import json
import os
from dataclasses import dataclass, replace

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, parse
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.cli.plan_options import PLAN_OPTIONS, PROGRAMS, plan_options, program_of
from lvs_rawcheck.cli.plan_text import plan_lines
from lvs_rawcheck.cli.reporting import Reporting
from lvs_rawcheck.cli.write_options import WRITE_OPTIONS, demand_meaningful, source_of, tree_of
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.commands import RELOAD_DAEMON
from lvs_rawcheck.generate.diff import unified_diff
from lvs_rawcheck.generate.foreign_calls import foreign_calls
from lvs_rawcheck.generate.in_use import leave_to_others, spare_what_is_in_use
from lvs_rawcheck.generate.options import TRACK_FILE, PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.program import Program
from lvs_rawcheck.generate.registry_changes import RegistryChanges, registry_changes
from lvs_rawcheck.generate.report import all_warnings, to_json
from lvs_rawcheck.generate.rollout import demand_inside, executable_changes, table_of_this_host
from lvs_rawcheck.generate.service_files import rendered_services, unknown_ids
from lvs_rawcheck.generate.track_files import without_verdict
from lvs_rawcheck.generate.tree import Tree
from lvs_rawcheck.generate.write import FileChange
from lvs_rawcheck.registry.templates import OVERRIDES_DIR, Templates

NOTHING_TO_DO, CHANGES_PLANNED, COULD_NOT = 0, 1, 2
TWO_STEPS = (
    "it takes two runs: until the track files are there --write writes the service files alone; then start the"
    f" daemon, or have it read them ({RELOAD_DAEMON}), and write again"
)

_DESCRIPTION = """\
Plan raw checks for the direct-routing servers of a keepalived.conf or an ldirectord.cf, and show the plan and the diff.
Exit status 0: nothing to do, 1: changes are planned, 2: could not.
With --write: 0: written, or nothing to do, 1: refused, 2: could not. Nothing is reloaded."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it means for the registry."""

    program: Program
    plan: Plan
    options: PlanOptions
    registry: RegistryChanges
    missing_ids: list[str]
    """Named by stanzas that are there, and not in the registry."""
    missing_programs: list[str]
    """Called by stanzas that the plan leaves as they are, and not to be run."""
    foreign_calls: list[str]
    """Virtual servers that the plan leaves as they are, and that another one's checks decide for, a sentence each."""
    unheard: list[str]
    """Why keepalived may not go by the daemon's track files yet, a sentence each."""
    executables: list[FileChange]
    """Programs of ours that are not there, or not as planned."""

    @property
    def status(self) -> int:
        """Return the exit status of the plan alone. A service file that is kept is no change: it is told."""
        registry = self.registry
        missing = self.missing_ids or self.missing_programs or self.foreign_calls or self.unheard
        wanted = self.plan.edits or registry.written or registry.faults or missing or self.executables
        return CHANGES_PLANNED if wanted else NOTHING_TO_DO


def run(arguments: list[str]) -> int:
    """Run `generate` with what follows it on the command line; return the exit status."""
    gc.disable()  # a third of a large site's time, and whatever is made lasts until the end anyway
    try:
        options = (*PLAN_OPTIONS, *WRITE_OPTIONS)
        return Reporting("generate", f"{'|'.join(PROGRAMS)} FILE", _DESCRIPTION, options).end(lambda: _run(arguments))
    finally:
        gc.freeze()  # nor does the interpreter search it for cycles when it ends


def _run(arguments: list[str]) -> int:
    line = parse(arguments, (*PLAN_OPTIONS, *WRITE_OPTIONS))
    demand_meaningful(line)
    if line.positionals[:1] == ["scripts"]:
        from lvs_rawcheck.cli.generate_scripts import run_scripts

        return run_scripts(line)
    if line.values["revert"]:
        from lvs_rawcheck.cli.generate_revert import run_revert

        return run_revert(line, arguments)
    if line.values["write"]:
        from lvs_rawcheck.cli.generate_write import run_write

        return run_write(line, arguments)
    planned = plan_by(line)
    if line.values["json"]:
        say(json.dumps(_to_json(planned), indent=2))
    else:
        _show(planned, brief=bool(line.values["check"]))
    return planned.status


def plan_by(line: CommandLine) -> Planned:
    """Return the plan that a command line asks for; RawCheckError."""
    program = program_of(line)
    path, tree = source_of(line), tree_of(line)
    options = replace(plan_options(line), root=tree.root)
    table = _table() if tree.root is None else None
    plan = program.plan(path, options, table)
    demand_inside(tree, path, plan.octets)
    executables = executable_changes(program.executables(plan, options), tree)
    if tree.root is not None:  # not before: what a stanza names is the other host's own folder
        options = replace(options, services=tree.place(options.services))
    registry = registry_plan(program, plan, options)
    missing_programs = _missing_programs(program, plan, options, tree)
    foreign = list(foreign_calls(plan, registry, import_site_packages))
    missing_ids = _missing_ids(plan, options)
    unheard = _unheard(plan, options) if tree.root is None else []
    return Planned(program, plan, options, registry, missing_ids, missing_programs, foreign, unheard, executables)


def _table() -> IpvsTable | None:
    try:
        return table_of_this_host()
    except LinkError:
        return None  # `--write` says so; a plan is good for something without it


def registry_plan(program: Program, plan: Plan, options: PlanOptions) -> RegistryChanges:
    """Return what a plan means for the registry; an inline stanza needs none."""
    if not options.uses_registry:
        return RegistryChanges(options.services)
    templates = Templates(options.templates or OVERRIDES_DIR)
    files = rendered_services(plan, templates, import_site_packages)
    wanted = [check.check_id for server in plan.servers for check in server.checks]
    left = {each.service for each in plan.left}
    changes = registry_changes(options.services, files, wanted, left, import_site_packages)
    if changes.dropped or changes.unused:
        named = program.named({**plan.octets, **plan.result()}.values(), options)
        spare_what_is_in_use(changes, plan, options, named)
    leave_to_others(changes, plan, options, lambda octets: program.named((octets,), options))
    return changes


def _missing_ids(plan: Plan, options: PlanOptions) -> list[str]:
    return list(unknown_ids(plan, options.services, import_site_packages)) if options.uses_registry else []


def _unheard(plan: Plan, options: PlanOptions) -> list[str]:
    if options.style != TRACK_FILE:
        return []
    checks = [check.track_file for server in plan.servers for check in server.checks]
    return without_verdict(options.state, filter(None, checks))


def _missing_programs(program: Program, plan: Plan, options: PlanOptions, tree: Tree) -> list[str]:
    left = dict.fromkeys(each.service for each in plan.left)
    return [path for path in program.executables_of(left, options) if not os.access(tree.place(path), os.X_OK)]


def _to_json(planned: Planned) -> dict[str, object]:
    report = to_json(planned.plan)
    return {**report, "warnings": [*all_warnings(planned.plan), *_registry_lines(planned)]}


def _show(planned: Planned, brief: bool) -> None:
    for text in plan_lines(planned.plan, planned.options, brief):
        say(text)
    for text in _registry_lines(planned):
        say(text)
    if brief:
        return
    plan = planned.plan
    for path, edits in plan.edits.items():
        say("")
        say("\n".join(unified_diff(path, plan.octets[path], edits)))


def _registry_lines(planned: Planned) -> list[str]:
    registry = planned.registry
    lines = []
    if registry.written:
        lines.append(f"service files to be written in {registry.folder}: {', '.join(sorted(registry.written))}")
    called = {check.check_id for server in planned.plan.servers for check in server.checks if not check.is_new}
    lines += [
        f"{check_id}: the configuration calls this check already, and until its service file is written it fails"
        for check_id in registry.lacking
        if check_id in called
    ]
    if planned.executables:
        paths = ", ".join(change.path for change in planned.executables)
        lines.append(f"programs to be written: {paths}")
    lines += [f"service file {name}: edited since it was written, and kept; not as planned" for name in registry.kept]
    lines += registry.faults
    lines += [f"{check_id}: a stanza names it, and the registry has no such check" for check_id in planned.missing_ids]
    lines += [f"{path}: the configuration calls it, and it cannot be run" for path in planned.missing_programs]
    lines += planned.foreign_calls
    if planned.unheard:
        lines += [*planned.unheard, TWO_STEPS]
    return lines
