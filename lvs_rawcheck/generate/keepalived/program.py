# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived, as the generator deals with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from shlex import join

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.keepalived.candidate import judge_by_keepalived, judge_scripts, judge_version
from lvs_rawcheck.generate.keepalived.config_test import installed_version
from lvs_rawcheck.generate.keepalived.first_load import plan_for_now
from lvs_rawcheck.generate.keepalived.naming import named_by
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.planner import Version
from lvs_rawcheck.generate.keepalived.revert import programs, revert
from lvs_rawcheck.generate.keepalived.seeding import roles_now, write_roles
from lvs_rawcheck.generate.options import TRACK_FILE, PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.program import Named, Restoration, SeededRoles
from lvs_rawcheck.generate.tree import Tree

_COMES_BACK = (
    "at the reload keepalived puts servers back into the table that are out of it now, until the restored check fails"
)


class Keepalived:
    """See `generate.program.Program`. config_id: of the node that the plan is for; version: by which it is read."""

    name = "keepalived"

    def __init__(self, config_id: str | None, version: Version, import_libraries: Callable[[], None]) -> None:
        self._config_id = config_id
        self._version = version
        self._import_libraries = import_libraries

    def plan(self, path: str, options: PlanOptions, table: IpvsTable | None) -> Plan:
        """Return the plan; RawCheckError."""
        return plan_for_now(path, options, self._config_id, self._version, self._import_libraries, table)

    def executables(self, plan: Plan, options: PlanOptions) -> dict[str, bytes]:
        """Return none: stanzas call what the package brings."""
        return {}

    def executables_of(self, services: Iterable[str], options: PlanOptions) -> list[str]:
        """Return none."""
        return []

    def named(self, files: Iterable[bytes], options: PlanOptions) -> Named:
        """Return what configurations name of the registry."""
        return named_by(files)

    def decide(self, path: str, result: Mapping[str, bytes], options: PlanOptions, tree: Tree) -> Decision:
        """Return what speaks against a configuration: scripts that would not run, and what `keepalived -t` says."""
        decision = Decision()
        candidate = read_keepalived(path, self._config_id, self._version, result)
        if tree.root is not None:
            decision.notes.append("not looked at, since another host's: whether the scripts are there, and may be run")
        else:
            decision.refusals += judge_scripts(candidate, programs(options)).refusals
            if options.style == TRACK_FILE:
                decision.refusals += judge_version(installed_version())
        if result:
            is_strict = "reload_check_config" in candidate.site.settings.statements
            judgement = judge_by_keepalived(path, result, self._config_id, is_strict)
            decision.refusals += judgement.refusals
            decision.notes += judgement.notes
        return decision

    def seed_roles(self, plan: Plan, state: str) -> SeededRoles:
        """Write the role files of instances that keep theirs from now on; OSError."""
        if not isinstance(plan, KeepalivedPlan) or not plan.wired:
            return SeededRoles()
        try:
            found = roles_now(wiring.instance for wiring in plan.wired.values())
        except LinkError as error:
            return SeededRoles(notes=[f"no role file was written: {error}"])
        notes = [f"vrrp_instance {name}: {why}" for name, why in found.unknown.items()]
        return SeededRoles(write_roles(found, state), notes)

    def restoration(self, path: str, options: PlanOptions) -> Restoration:
        """Return how a configuration is put back; ConfigError."""
        configuration = read_keepalived(path, self._config_id, self._version)
        octets = {each: file.octets for each, file in configuration.files.items()}
        return Restoration(configuration.main.path, octets, revert(configuration, options))

    def decide_on_restoring(self, path: str, result: Mapping[str, bytes], tree: Tree) -> Decision:
        """Return what is worth knowing before a configuration is put back."""
        judgement = judge_by_keepalived(path, result, self._config_id)
        return Decision(notes=[_COMES_BACK, *judgement.refusals, *judgement.notes])

    def commands_to_reload(self, path: str) -> list[str]:
        """Return the one command."""
        return ["systemctl reload keepalived"]

    def commands_to_verify(self, path: str) -> list[str]:
        """Return the one command."""
        return [join(("lvs-rawcheck", "verify", path))]
