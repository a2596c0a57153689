# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether ldirectord would take a configuration that is not in its place yet.

One that it cannot read, at a reload, makes all its verdicts void from then on (reread_config). So what it refuses is
not written, unless it refuses what is there already: that is nothing that could become worse.
"""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.decision import Decision
from lvs_rawcheck.generate.ldirectord.config_test import config_test
from lvs_rawcheck.generate.tree import Tree

_MADE_BY_READING = "monitorfile"  # ldirectord opens it as it reads its name, and makes it thereby (read_config)


def judge_by_reading(path: str, result: Mapping[str, bytes], decision: Decision) -> None:
    """Add what we ourselves find wrong with the result, if nothing was wrong before."""
    errors = read_ldirectord(path, result).errors
    if errors and not read_ldirectord(path).errors:
        decision.refusals.append(f"ldirectord would refuse or misread the result: {errors[0]}")


def judge_by_ldirectord(result: Mapping[str, bytes], tree: Tree, decision: Decision) -> None:
    """Add what ldirectord says of each file of the result, and of none it can be asked about here."""
    for path, octets in result.items():
        if tree.root is not None and _names_files(path):
            decision.notes.append(
                "ldirectord itself was not asked about the result: it would make the other host's"
                f" {_MADE_BY_READING} here"
            )
        else:
            _ask(path, octets, decision)


def _names_files(path: str) -> bool:
    return any(_MADE_BY_READING in virtual.directives for virtual in read_ldirectord(path).site.virtuals)


def _ask(path: str, octets: bytes, decision: Decision) -> None:
    try:
        after = config_test(path, octets)
        if after.accepted:
            return
        with open(path, "rb") as file:
            before = config_test(path, file.read())
    except (LinkError, OSError) as error:
        decision.notes.append(f"ldirectord itself was not asked about the result: {error}")
        return
    if before.accepted:
        decision.refusals.append(f"ldirectord says of the result: {after.message}")
    else:
        decision.notes.append(f"ldirectord refuses the configuration as it is: {before.message}")
