# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck daemon`: every check of the registry in one process."""

from __future__ import annotations

import gc
import logging
import signal
import sys

from lvs_rawcheck.cli.arguments import SERVICES_DIR, STATE_DIR
from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, HelpWanted, Option, help_text, parse
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.errors import RawCheckError, UsageError

_DESCRIPTION = """\
Run every check of the registry, and hand out the verdicts: until SIGTERM; SIGHUP reads the registry anew. Started as
root, it becomes the user lvs-rawcheck where there is one.
Exit status 0: it was told to stop. 1: it could not start."""
CONFIG_FILE = "/etc/lvs-rawcheck/lvs-rawcheck.toml"
OPTIONS = (
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", default=SERVICES_DIR),
    Option("", "state", "DIR", f"where verdicts are handed out (default: {STATE_DIR})", default=STATE_DIR),
    Option("", "config", "FILE", f"settings (default: {CONFIG_FILE})", default=CONFIG_FILE),
    Option("", "metrics", "ADDRESS:PORT|PATH", "serve metrics for Prometheus there: loopback, or a Unix socket"),
)
logger = logging.getLogger(__name__)

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
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to be read anew
    import_site_packages()
    from lvs_rawcheck.cli.daemon_user import become_daemon_user
    from lvs_rawcheck.daemon.preload import import_all
    from lvs_rawcheck.daemon.settings import read_settings
    from lvs_rawcheck.daemon.whole import WholeDaemon

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    services, state, config = (str(line.values[key]) for key in ("services", "state", "config"))
    settings = read_settings(config, may_be_missing=config == CONFIG_FILE)
    become_daemon_user(state, lambda sentence: logger.warning("%s", sentence))
    for sentence in import_all():
        logger.warning("a library is not installed: %s", sentence)
    gc.set_threshold(_GARBAGE_THRESHOLD)
    given = line.values["metrics"]
    metrics = settings.metrics if given is None else str(given)
    with WholeDaemon(services, state, metrics, import_site_packages) as whole:
        whole.load()
        gc.freeze()
        whole.run()
    return HEALTHY
