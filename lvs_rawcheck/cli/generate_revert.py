# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate PROGRAM FILE --revert`: what was there before our stanzas, shown or written."""

from __future__ import annotations

import json
import os

from lvs_rawcheck.cli.generate import CHANGES_PLANNED, NOTHING_TO_DO
from lvs_rawcheck.cli.generate_write import write_and_tell
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine
from lvs_rawcheck.cli.output import complain, say
from lvs_rawcheck.cli.plan_options import plan_options, program_of
from lvs_rawcheck.cli.write_options import plan_words, source_of, tree_of
from lvs_rawcheck.cli.written_text import Told, tell
from lvs_rawcheck.generate.diff import unified_diff
from lvs_rawcheck.generate.program import Restoration
from lvs_rawcheck.generate.registry_changes import registry_changes
from lvs_rawcheck.generate.reverted import Reverted
from lvs_rawcheck.generate.rollout import demand_inside, file_changes
from lvs_rawcheck.generate.splice import spliced
from lvs_rawcheck.generate.write import Changes


def run_revert(line: CommandLine, arguments: list[str]) -> int:
    """Show, or write, the configuration without what is ours; return the exit status. RawCheckError: it cannot be read.

    Where something cannot be put back, that is 1: it is named.
    """
    program, options = program_of(line), plan_options(line)
    path, tree = source_of(line), tree_of(line)
    restoration = program.restoration(path, options)
    demand_inside(tree, path, restoration.octets)
    if not line.values["write"]:
        return _show(restoration, as_json=bool(line.values["json"]))
    reverted, before = restoration.reverted, restoration.octets
    told = Told(program, restoration.path, os.path.abspath(path), bool(line.values["json"]), plan_words(arguments))
    told.refusals += [f"cannot be put back: {sentence}" for sentence in reverted.lost]
    if not reverted.edits:
        told.sentence = "there is nothing to put back"
        return tell(told, CHANGES_PLANNED if reverted.lost else NOTHING_TO_DO)
    result = {each: spliced(before[each], edits) for each, edits in reverted.edits.items()}
    told.take(program.decide_on_restoring(path, result, tree))
    if len(told.refusals) > len(reverted.lost):
        told.sentence = "nothing was written"
        return tell(told, CHANGES_PLANNED)
    changes = Changes(
        services_folder=tree.place(options.services),
        configuration=file_changes(path, before, result, tree),
        planned_with=before,
    )
    told.here = tree.root is None
    told.note_link(path, restoration.path, changes=True)
    named = program.named({**before, **result}.values(), options).services
    gone = {check_id.partition("/")[0] for check_id in reverted.stanzas} - named
    told.unused = _unused(reverted, gone, changes.services_folder)
    told.note_unused_executables(program.executables_of(sorted(gone), options))
    status = write_and_tell(changes, told)
    return status or (CHANGES_PLANNED if reverted.lost else NOTHING_TO_DO)


def _unused(reverted: Reverted, gone: set[str], folder: str) -> list[str]:
    """Return the services, of those that go, whose files are as we left them and that nothing names any more."""
    remaining = {check_id.partition("/")[0] for check_id in reverted.remaining}
    unused = registry_changes(folder, {}, (), remaining, import_site_packages).unused
    return [name for name in unused if name in gone]


def _show(restoration: Restoration, as_json: bool) -> int:
    reverted = restoration.reverted
    status = CHANGES_PLANNED if reverted.edits or reverted.lost else NOTHING_TO_DO
    if as_json:
        said = {"file": restoration.path, "restored": reverted.stanzas, "lost": reverted.lost}
        say(json.dumps(said, indent=2))
        return status
    for sentence in reverted.lost:
        complain(f"lvs-rawcheck: cannot be put back: {sentence}")
    for path, edits in reverted.edits.items():
        for text in unified_diff(path, restoration.octets[path], edits):
            say(text)
    return status
