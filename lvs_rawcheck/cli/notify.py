# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck notify`: the role file by hand, written by the very script that keepalived runs."""

from __future__ import annotations

import os
from _signal import SIG_DFL, SIGPIPE, SIGXFSZ, signal

from lvs_rawcheck.cli.exit_status import UNHEALTHY
from lvs_rawcheck.cli.options import HELP_WORDS
from lvs_rawcheck.cli.output import complain, say

_INSTALLED = "/usr/lib/lvs-rawcheck/notify"
_CHECKOUT = os.path.realpath(__file__).rsplit("/", 3)[0] + "/templates/notify"
_HELP = """\
usage: lvs-rawcheck notify [-s STATE] MASTER|BACKUP|FAULT|STOP|DELETED INSTANCE [-- COMMAND...]

Write STATE/role/INSTANCE (default: /run/lvs-rawcheck), as keepalived's notify does; then become COMMAND.
Exit status: COMMAND's; without one 0: written, 1: not."""


def run(arguments: list[str]) -> int:
    """Become the script, with what follows `notify` on the command line; return UNHEALTHY where that cannot be."""
    if len(arguments) == 1 and arguments[0] in HELP_WORDS:
        say(_HELP)
        return 0
    script = next((path for path in (_INSTALLED, _CHECKOUT) if os.access(path, os.R_OK)), None)
    if script is None:
        complain(f"lvs-rawcheck: there is no {_INSTALLED}")
        return UNHEALTHY
    for number in (SIGPIPE, SIGXFSZ):
        signal(number, SIG_DFL)  # Python ignores them, and what is ignored stays so in COMMAND
    try:
        os.execv("/bin/sh", ["/bin/sh", script, *arguments])
    except (OSError, ValueError) as error:
        complain(f"lvs-rawcheck: cannot run {script}: {error}")
    return UNHEALTHY
