# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate PROGRAM FILE --write` and `--revert`: a plan put into place, or taken back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lvs_rawcheck import clock
from lvs_rawcheck.cli.generate import TWO_STEPS, Planned, plan_by
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine
from lvs_rawcheck.cli.output import complain
from lvs_rawcheck.cli.write_options import plan_words, source_of, tree_of
from lvs_rawcheck.cli.written_text import Told, tell
from lvs_rawcheck.director.privileges import daemon_ids
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.rollout import decide_by_probes, file_changes, table_of_this_host
from lvs_rawcheck.generate.service_files import rendered_services
from lvs_rawcheck.generate.track_files import is_daemon_alive
from lvs_rawcheck.generate.tree import Tree
from lvs_rawcheck.generate.write import Changes, WriteFailed, WriteRefused, Written, write
from lvs_rawcheck.registry.service import Service
from lvs_rawcheck.registry.templates import OVERRIDES_DIR, Templates
from lvs_rawcheck.registry.vips import RegistryVips

DONE, REFUSED, COULD_NOT = 0, 1, 2


def run_write(line: CommandLine, arguments: list[str]) -> int:
    """Write the plan that a command line asks for; return the exit status. RawCheckError: it could not be made."""
    planned = plan_by(line)
    named = os.path.abspath(source_of(line))
    told = Told(planned.program, planned.plan.file, named, bool(line.values["json"]), plan_words(arguments))
    told.notes += [f"service file {name}: edited, and kept as it is" for name in planned.registry.kept]
    told.notes += [
        f"{check_id}: in its service file no more: a check that still runs fails from now on, until the reload"
        for check_id in planned.registry.dropped
    ]
    told.notes += planned.plan.losses
    left = {(skip.virtual_server, skip.real_server) for skip in planned.plan.skipped}
    if left:
        told.notes.append(f"{len(left)} real servers are left as they are, wholly or in part: the plan says why")
    job = _Job(line, planned, told)
    if job.nothing_to_do():
        told.refusals += [*job.unknown_checks(), *planned.unheard]
        told.sentence = "nothing to do"
        return tell(told, REFUSED if told.refusals else DONE)
    told.notes += job.unknown_checks()
    job.decide()
    if told.refusals:
        told.sentence = "nothing was written"
        return tell(told, REFUSED)
    if not planned.unheard:
        return write_and_tell(job.changes, told, job.write_roles)
    told.refusals += planned.unheard
    job.wait_for_verdicts()
    return write_and_tell(job.changes, told) or REFUSED


@dataclass(slots=True)
class _Job:
    """One run. told: what its user will read."""

    line: CommandLine
    planned: Planned
    told: Told
    tree: Tree = field(init=False)
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        self.tree = tree_of(self.line)
        plan, registry = self.planned.plan, self.planned.registry
        self.changes = Changes(
            registry.folder,
            registry.written,
            {name: registry.found[name] for name in registry.written if name in registry.found},
            [*self.planned.executables, *file_changes(self._path, plan.octets, plan.result(), self.tree)],
            plan.octets,
            self._group_id(),
        )
        self.told.here = self.tree.root is None
        self.told.daemon_lives = is_daemon_alive(self.planned.options.state)
        self.told.note_link(self._path, plan.file, changes=bool(plan.edits))
        self.told.rewritten, self.told.unused = registry.rewritten, registry.unused
        self.told.note_unused_executables(self.planned.program.executables_of(registry.unused, self.planned.options))

    @property
    def _path(self) -> str:
        return source_of(self.line)

    def _group_id(self) -> int | None:
        ids = daemon_ids() if os.geteuid() == 0 and self.tree.root is None else None
        return None if ids is None else ids[1]

    def nothing_to_do(self) -> bool:
        return not self.changes.services and not self.changes.configuration and not self.planned.registry.faults

    def unknown_checks(self) -> list[str]:
        """Return what is amiss with stanzas that the plan leaves as they are, which nothing here mends."""
        checks = [
            f"{check_id}: a stanza names it, and the registry has no such check, so it fails always: put its service"
            " file back, or take the stanza out (--revert)"
            for check_id in self.planned.missing_ids
        ]
        programs = [
            f"{path}: the configuration calls it, and it cannot be run, so each of its checks fails: put it back, or"
            " take out what calls it (--revert)"
            for path in self.planned.missing_programs
        ]
        return checks + programs + self.planned.foreign_calls

    def wait_for_verdicts(self) -> None:
        """Leave the configuration as it is: the daemon needs the service files first, and keepalived its verdicts."""
        self.changes.configuration = []
        self.told.sentence = f"the configuration was not written: {TWO_STEPS}"

    def decide(self) -> None:
        """Note what speaks against it."""
        plan, options = self.planned.plan, self.planned.options
        self.told.refusals += self.planned.registry.faults
        program = self.planned.program
        self.told.take(program.decide(self._path, plan.result(), options, self.tree))
        if self.told.refusals:
            return
        decision = self._probed()
        if self.line.values["force"]:
            decision = Decision(notes=[*decision.notes, *(f"{each}: forced" for each in decision.refusals)])
        self.told.take(decision)

    def _probed(self) -> Decision:
        values = self.line.values
        if self.tree.root is not None:
            return Decision(notes=["no check was tried: --root is for another host"])
        if values["no_probe"]:
            return Decision(notes=["no check was tried: --no-probe"])
        table = table_of_this_host()
        if table is None:
            return Decision(notes=["no check was tried: this host's kernel has no IPVS table, no server gets traffic"])
        accepted = values["accept_down"]
        assert isinstance(accepted, list)
        options = self.planned.options
        is_vip = RegistryVips(options.services).holds
        return decide_by_probes(self._services(), options.fwmarks, table, accepted, is_vip, _say_progress)

    def _services(self) -> list[Service]:
        """Return the services of the plan, whichever style its stanzas have."""
        planned = self.planned
        if planned.options.uses_registry:
            return list(planned.registry.services.values())
        templates = Templates(planned.options.templates or OVERRIDES_DIR)
        rendered = rendered_services(planned.plan, templates, import_site_packages)
        return [each.service for each in rendered.values()]

    def write_roles(self) -> None:
        """Seed the role files of instances that will keep theirs from now on."""
        if self.tree.root is not None:
            return
        seeded = self.planned.program.seed_roles(self.planned.plan, self.planned.options.state)
        self.told.roles = seeded.written
        self.told.notes += seeded.notes


def _no_roles() -> None:
    return None


def write_and_tell(changes: Changes, told: Told, write_roles: Callable[[], None] = _no_roles) -> int:
    """Write, say what was written and what comes next, and return the exit status."""
    told.written = Written()
    told.services_folder = changes.services_folder
    time = datetime.fromtimestamp(clock.wall_now(), UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        write(changes, time, told.written, write_roles)
    except WriteRefused as error:
        told.refusals.append(str(error))
        told.sentence = _how_much(told.written)
        return tell(told, REFUSED)
    except WriteFailed as error:
        told.refusals.append(f"could not write: {error}")
        told.sentence = _how_much(told.written)
        return tell(told, COULD_NOT)
    return tell(told, DONE)


def _how_much(written: Written) -> str:
    return "not all was written" if written.services or written.configuration else "nothing was written"


def _say_progress(done: int, total: int) -> None:
    complain(f"lvs-rawcheck: {done} of {total} checks were run")
