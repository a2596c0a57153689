# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck daemon`: every check of the registry in one process."""

from __future__ import annotations

import gc
import logging
import resource
import sys
from contextlib import suppress

from lvs_rawcheck.cli.arguments import FOLDER_OPTIONS
from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, HelpWanted, Option, help_text, parse
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.errors import RawCheckError, UsageError

_DESCRIPTION = """\
Run every check of the registry, and hand out the verdicts: until SIGTERM; SIGHUP reads the registry anew.
Exit status 0: it was told to stop. 1: it could not start."""
OPTIONS = (
    *FOLDER_OPTIONS,
    Option("", "metrics", "ADDRESS:PORT|PATH", "serve metrics for Prometheus there: loopback, or a Unix socket"),
)
_GARBAGE_THRESHOLD = 100_000
"""A check leaves no cycles: looking for some among thousands of live objects is for nothing."""


def run(arguments: list[str]) -> int:
    """Run `daemon` with what follows it on the command line; return the exit status."""
    try:
        line = parse(arguments, OPTIONS)
        if line.positionals:
            raise UsageError(f"what is this: {line.positionals[0]!r}")
        return _serve(line)
    except HelpWanted:
        say(help_text("lvs-rawcheck daemon", "", _DESCRIPTION, OPTIONS))
        return HEALTHY
    except RawCheckError as error:
        complain(f"lvs-rawcheck: {one_sentence(str(error))}")
        return UNHEALTHY


def _serve(line: CommandLine) -> int:
    import_site_packages()  # all that may be needed is loaded now: an upgrade takes the files away
    from lvs_rawcheck.daemon.whole import WholeDaemon

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    _allow_all_descriptors()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    metrics = line.values["metrics"]
    services, state = str(line.values["services"]), str(line.values["state"])
    with WholeDaemon(services, state, None if metrics is None else str(metrics), import_site_packages) as whole:
        whole.load()
        gc.freeze()
        whole.run()
    return HEALTHY


def _allow_all_descriptors() -> None:
    """Take as many descriptors as we may: 1,024 is what programs get that use select(2), which none here does."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
