# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate keepalived FILE --revert`: what was there before our stanzas, shown or written."""

from __future__ import annotations

import json

from lvs_rawcheck.cli.generate import CHANGES_PLANNED, NOTHING_TO_DO, config_id_of, plan_options, version_of
from lvs_rawcheck.cli.generate_write import write_and_tell
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine
from lvs_rawcheck.cli.output import complain, say
from lvs_rawcheck.cli.write_options import plan_words, source_of, tree_of
from lvs_rawcheck.cli.written_text import Told, tell
from lvs_rawcheck.config.keepalived import Configuration, read_keepalived
from lvs_rawcheck.generate.candidate import judge_by_keepalived
from lvs_rawcheck.generate.diff import unified_diff
from lvs_rawcheck.generate.in_use import ids_named
from lvs_rawcheck.generate.registry_changes import registry_changes
from lvs_rawcheck.generate.revert import revert
from lvs_rawcheck.generate.reverted import Reverted
from lvs_rawcheck.generate.rollout import demand_inside, file_changes
from lvs_rawcheck.generate.splice import spliced
from lvs_rawcheck.generate.write import Changes

_COMES_BACK = (
    "at the reload keepalived puts servers back into the table that are out of it now, until the restored check fails"
)


def run_revert(line: CommandLine, arguments: list[str]) -> int:
    """Show, or write, the configuration without what is ours; return the exit status. RawCheckError: it cannot be read.

    Where something cannot be put back, that is 1: it is named.
    """
    path, tree = source_of(line), tree_of(line)
    configuration = read_keepalived(path, config_id_of(line), version_of(line))
    demand_inside(tree, path, configuration.files)
    reverted = revert(configuration, plan_options(line))
    if not line.values["write"]:
        return _show(configuration, reverted, as_json=bool(line.values["json"]))
    told = Told(configuration.main.path, bool(line.values["json"]), plan_words(arguments))
    told.refusals += [f"cannot be put back: {sentence}" for sentence in reverted.lost]
    if not reverted.edits:
        told.sentence = "there is nothing to put back"
        return tell(told, CHANGES_PLANNED if reverted.lost else NOTHING_TO_DO)
    before = {each: file.octets for each, file in configuration.files.items()}
    result = {each: spliced(before[each], edits) for each, edits in reverted.edits.items()}
    judgement = judge_by_keepalived(path, result, config_id_of(line))
    told.notes += [_COMES_BACK, *judgement.refusals, *judgement.notes]
    changes = Changes(
        services_folder=tree.place(plan_options(line).services),
        configuration=file_changes(path, before, result, tree),
        planned_with=before,
    )
    told.here = tree.root is None
    told.note_link(path, configuration.main.path, changes=True)
    named = {check_id.partition("/")[0] for check_id in ids_named({**before, **result}.values())}
    told.unused = [name for name in _unused(reverted, changes.services_folder) if name not in named]
    status = write_and_tell(changes, told)
    return status or (CHANGES_PLANNED if reverted.lost else NOTHING_TO_DO)


def _unused(reverted: Reverted, folder: str) -> list[str]:
    """Return the services, of those that go, whose files are as we left them and that nothing names any more."""
    gone = {check_id.partition("/")[0] for check_id in reverted.stanzas}
    remaining = {check_id.partition("/")[0] for check_id in reverted.remaining}
    unused = registry_changes(folder, {}, (), remaining, import_site_packages).unused
    return [name for name in unused if name in gone]


def _show(configuration: Configuration, reverted: Reverted, as_json: bool) -> int:
    status = CHANGES_PLANNED if reverted.edits or reverted.lost else NOTHING_TO_DO
    if as_json:
        path = configuration.main.path
        say(json.dumps({"file": path, "restored": reverted.stanzas, "lost": reverted.lost}, indent=2))
        return status
    for sentence in reverted.lost:
        complain(f"lvs-rawcheck: cannot be put back: {sentence}")
    for path, edits in reverted.edits.items():
        for text in unified_diff(path, configuration.files[path].octets, edits):
            say(text)
    return status
