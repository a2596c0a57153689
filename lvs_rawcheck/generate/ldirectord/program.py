# SPDX-License-Identifier: GPL-2.0-or-later
"""ldirectord, as the generator deals with it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from shlex import join

from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.config.tree import to_octets
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.ldirectord.candidate import judge_by_ldirectord, judge_by_reading
from lvs_rawcheck.generate.ldirectord.planner import plan_ldirectord
from lvs_rawcheck.generate.ldirectord.revert import revert
from lvs_rawcheck.generate.ldirectord.virtual import wrapper_of
from lvs_rawcheck.generate.ldirectord.wrappers import wrappers_of
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.program import Named, Restoration, SeededRoles
from lvs_rawcheck.generate.scripts import folder_fault, script_fault
from lvs_rawcheck.generate.tree import Tree

_OF_UNIT = "/etc/ha.d/ldirectord.cf"
_PID_FILES = "/run"
_COMES_BACK = (
    "at the reload ldirectord puts servers that are down back for a moment, and judges all of them by the restored"
    " checks"
)


class Ldirectord:
    """See `generate.program.Program`."""

    name = "ldirectord"

    def __init__(self, import_libraries: Callable[[], None]) -> None:
        self._import_libraries = import_libraries

    def plan(self, path: str, options: PlanOptions, table: IpvsTable | None) -> Plan:
        """Return the plan; RawCheckError. What the table says of servers makes no difference to it."""
        return plan_ldirectord(path, options, self._import_libraries)

    def executables(self, plan: Plan, options: PlanOptions) -> dict[str, bytes]:
        """Return the wrappers, by path; ConfigSyntaxError: their template."""
        return wrappers_of(plan, options)

    def executables_of(self, services: Iterable[str], options: PlanOptions) -> list[str]:
        """Return the paths of wrappers."""
        return [wrapper_of(service, options) for service in services]

    def named(self, files: Iterable[bytes], options: PlanOptions) -> Named:
        """Return the services whose wrappers a configuration names, comment lines left out."""
        wrapper = re.compile(re.escape(to_octets(options.wrappers.rstrip("/"))) + rb"/([A-Za-z0-9][A-Za-z0-9_.-]*)")
        lines = (line for octets in files for line in octets.splitlines() if not line.lstrip().startswith(b"#"))
        return Named(frozenset(), frozenset(found.decode("ascii") for line in lines for found in wrapper.findall(line)))

    def decide(self, path: str, result: Mapping[str, bytes], options: PlanOptions, tree: Tree) -> Decision:
        """Return what speaks against a configuration: programs that would not run, and what ldirectord says."""
        decision = Decision()
        if tree.root is not None:
            decision.notes.append("not looked at, since another host's: whether the scripts are there, and may be run")
        else:
            decision.refusals += _faults_of_programs(options)
        judge_by_ldirectord(result, tree, decision)
        return decision

    def seed_roles(self, plan: Plan, state: str) -> SeededRoles:
        """Write none: ldirectord keeps no role."""
        return SeededRoles()

    def restoration(self, path: str, options: PlanOptions) -> Restoration:
        """Return how a configuration is put back; ConfigError."""
        configuration = read_ldirectord(path)
        octets = {each: file.octets for each, file in configuration.files.items()}
        return Restoration(configuration.main.path, octets, revert(configuration, options))

    def decide_on_restoring(self, path: str, result: Mapping[str, bytes], tree: Tree) -> Decision:
        """Return what speaks against putting a configuration back: a daemon that cannot read it checks no more."""
        decision = Decision(notes=[_COMES_BACK])
        judge_by_reading(path, result, decision)
        if not decision.refusals:
            judge_by_ldirectord(result, tree, decision)
        return decision

    def commands_to_reload(self, path: str) -> list[str]:
        """Return the command for the way in which it was started; none where it reads a new file by itself.

        The unit starts it without a file's name, others with one, and its PID file is called after that, links as they
        are.
        """
        if read_ldirectord(path).site.settings.autoreload:
            return []
        named = os.path.exists(f"{_PID_FILES}/ldirectord.{os.path.basename(path)}.pid")
        if path == _OF_UNIT and not named:
            return ["systemctl reload ldirectord"]
        return [join(("ldirectord", path, "reload"))]

    def commands_to_verify(self, path: str) -> list[str]:
        """Return what shows which servers have traffic."""
        return ["ipvsadm -L -n"]


def _faults_of_programs(options: PlanOptions) -> list[str]:
    """Return why what ldirectord would call does not run, or is not safe to be run by root."""
    verdict = f"{options.scripts}/verdict"
    if not os.path.lexists(verdict):
        return [f"{verdict} is not there: all servers would be down (lvs-rawcheck generate scripts)"]
    faults = script_fault(verdict, None), folder_fault(options.wrappers)
    return [f"what runs as root must be root's: {fault}" for fault in faults if fault is not None]
