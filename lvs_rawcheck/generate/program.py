# SPDX-License-Identifier: GPL-2.0-or-later
"""What the generator asks of each program whose configuration it edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.reverted import Reverted
from lvs_rawcheck.generate.tree import Tree


@dataclass(frozen=True, slots=True)
class Named:
    """What configurations name of the registry, whether a plan can make it out or not."""

    check_ids: frozenset[str]
    services: frozenset[str]


@dataclass(slots=True)
class SeededRoles:
    """Role files written for a program that runs already. written: names of instances."""

    written: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Restoration:
    """A configuration, and how it becomes what it was. path: the main file; octets: by path, as they are."""

    path: str
    octets: dict[str, bytes]
    reverted: Reverted


class Program(Protocol):
    """keepalived or ldirectord."""

    name: str
    """As on the command line."""

    def plan(self, path: str, options: PlanOptions, table: IpvsTable | None) -> Plan:
        """Return the plan; RawCheckError. table: this host's, None: unknown."""

    def executables(self, plan: Plan, options: PlanOptions) -> dict[str, bytes]:
        """Return the programs of ours that the planned configuration calls and no package brings, by path."""

    def executables_of(self, services: Iterable[str], options: PlanOptions) -> list[str]:
        """Return the paths of the programs of ours for these services alone, whether they are there or not."""

    def named(self, files: Iterable[bytes], options: PlanOptions) -> Named:
        """Return what configurations name of the registry."""

    def decide(self, path: str, result: Mapping[str, bytes], options: PlanOptions, tree: Tree) -> Decision:
        """Return what speaks against a configuration, from what files and it itself say.

        path: its main file, as its user named it; result: its files that change.
        """

    def seed_roles(self, plan: Plan, state: str) -> SeededRoles:
        """Write the role files that the configuration keeps from now on; a reload says no role."""

    def restoration(self, path: str, options: PlanOptions) -> Restoration:
        """Return how a configuration is put back; ConfigError."""

    def decide_on_restoring(self, path: str, result: Mapping[str, bytes], tree: Tree) -> Decision:
        """Return what speaks against putting a configuration back, and what is worth knowing of it.

        path, result: as for `decide`.
        """

    def commands_to_reload(self, path: str) -> list[str]:
        """Return what makes it read its configuration, nothing where it does so by itself.

        path: of the main file, as its user named it.
        """

    def commands_to_verify(self, path: str) -> list[str]:
        """Return what shows that it really runs what the configuration says."""
