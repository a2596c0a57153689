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
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.ldirectord.config_test import config_test
from lvs_rawcheck.generate.ldirectord.planner import plan_ldirectord
from lvs_rawcheck.generate.ldirectord.revert import revert
from lvs_rawcheck.generate.ldirectord.virtual import wrapper_of
from lvs_rawcheck.generate.ldirectord.wrappers import wrappers_of
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.program import Named, Restoration, SeededRoles
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
        """Return the paths of wrappers that are there."""
        paths = (wrapper_of(service, options) for service in services)
        return [path for path in paths if os.path.exists(path)]

    def named(self, files: Iterable[bytes], options: PlanOptions) -> Named:
        """Return the services whose wrappers a configuration names, comment lines left out."""
        wrapper = re.compile(re.escape(to_octets(options.wrappers.rstrip("/"))) + rb"/([A-Za-z0-9][A-Za-z0-9_.-]*)")
        lines = (line for octets in files for line in octets.splitlines() if not line.lstrip().startswith(b"#"))
        return Named(frozenset(), frozenset(found.decode("ascii") for line in lines for found in wrapper.findall(line)))

    def decide(self, path: str, result: Mapping[str, bytes], options: PlanOptions, tree: Tree) -> Decision:
        """Return what speaks against a configuration: a script that is not there, and what ldirectord says."""
        decision = Decision()
        if tree.root is not None:
            decision.notes.append("not looked at, since another host's: whether the scripts are there")
        elif not os.access(f"{options.scripts}/verdict", os.X_OK):
            decision.refusals.append(
                f"{options.scripts}/verdict is not there, or cannot be run: all servers would be down"
                " (lvs-rawcheck generate scripts)"
            )
        for changed, octets in result.items():
            self._ask(changed, octets, decision)
        return decision

    def _ask(self, path: str, octets: bytes, decision: Decision) -> None:
        try:
            with open(path, "rb") as file:
                before = config_test(path, file.read())
            after = config_test(path, octets)
        except (LinkError, OSError) as error:
            decision.notes.append(f"ldirectord itself was not asked about the result: {error}")
            return
        if not before.accepted:
            decision.notes.append(f"ldirectord refuses the configuration as it is: {before.message}")
        elif not after.accepted:
            decision.refusals.append(f"ldirectord says of the result: {after.message}")

    def seed_roles(self, plan: Plan, state: str) -> SeededRoles:
        """Write none: ldirectord keeps no role."""
        return SeededRoles()

    def restoration(self, path: str, options: PlanOptions) -> Restoration:
        """Return how a configuration is put back; ConfigError."""
        configuration = read_ldirectord(path)
        octets = {each: file.octets for each, file in configuration.files.items()}
        return Restoration(configuration.main.path, octets, revert(configuration, options))

    def notes_on_restoring(self, path: str, result: Mapping[str, bytes]) -> list[str]:
        """Return what is worth knowing before a configuration is put back."""
        decision = Decision()
        for changed, octets in result.items():
            self._ask(changed, octets, decision)
        return [_COMES_BACK, *decision.refusals, *decision.notes]

    def commands_to_reload(self, path: str) -> list[str]:
        """Return the command for the way in which it was started; none where it reads a new file by itself.

        The unit starts it without a file's name, others with one, and its PID file is called after that.
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
