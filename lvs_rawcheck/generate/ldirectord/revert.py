# SPDX-License-Identifier: GPL-2.0-or-later
"""An ldirectord.cf as it was before: what lines of ours replaced, put back from the comments that kept it.

Whatever was edited around them stays. What cannot be put back is named, and left as it is.
"""

from __future__ import annotations

from lvs_rawcheck.config.ldirectord import Configuration
from lvs_rawcheck.generate.ldirectord.existing import find_existing
from lvs_rawcheck.generate.ldirectord.virtual import named_services
from lvs_rawcheck.generate.ldirectord.virtuals import names_of
from lvs_rawcheck.generate.options import PlanOptions, selects
from lvs_rawcheck.generate.reverted import Reverted


def revert(configuration: Configuration, options: PlanOptions) -> Reverted:
    """Return how a configuration becomes one without what is ours, or is ours in the virtuals that are meant.

    Its `stanzas` are services.
    """
    olds, lost = find_existing(configuration)
    found = Reverted(lost=lost)
    for number, virtual in enumerate(configuration.site.virtuals):
        old = olds.get(number)
        if old is None:
            found.lost += [
                f"{virtual.line}: virtual {virtual.label} calls {virtual.checkcommand}: what was here before is not"
                " known: left as it is"
                for _ in named_services(virtual, options)
            ]
        elif not selects(options, names_of(virtual)):
            found.remaining += dict.fromkeys(old.services)
        else:
            found.stanzas += dict.fromkeys(old.services)
            found.edits.setdefault(configuration.main.path, []).extend(old.edits)
    return found
