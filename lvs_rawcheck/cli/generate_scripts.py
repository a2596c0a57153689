# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate scripts`: the shell scripts that keepalived, ldirectord and Pacemaker call.

For where no package has put them; and with --root for a package, which is another host's.
"""

from __future__ import annotations

import os
import sys

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine
from lvs_rawcheck.cli.output import say
from lvs_rawcheck.cli.write_options import tree_of
from lvs_rawcheck.errors import LinkError, UsageError

DONE = 0
SCRIPTS = {"verdict": "verdict", "notify": "notify", "ocf-role": "ocf/role"}
"""Their names, and those of their templates."""
_BESIDE = os.path.realpath(__file__).rsplit("/", 1)[0] + "/launcher.py"
"""Not there where a package has installed us: a launcher outlives the folder of one version."""
_MODE = 0o755


def run_scripts(line: CommandLine) -> int:
    """Write the scripts to the folder of --scripts; return the exit status. RawCheckError: they could not be made."""
    if line.positionals != ["scripts"]:
        raise UsageError("wanted: scripts [--scripts DIR] [--services DIR] [--state DIR] [--root DIR]")
    import_site_packages()
    from lvs_rawcheck.registry.templates import Templates

    values = line.values
    templates = Templates(str(values["templates"]))
    tree = tree_of(line)
    ours = tree.root is None and os.path.exists(_BESIDE)
    for name, template in SCRIPTS.items():
        text = templates.render(
            template,
            python=sys.executable,
            launcher=_BESIDE if ours else str(values["program"]),
            services_folder=str(values["services"]),
            state_folder=str(values["state"]),
            scripts_folder=str(values["scripts"]),
        )
        path = f"{values['scripts']}/{name}"
        if tree.root is not None:
            path = tree.place(path)
        try:
            _put(path, text.encode())
        except OSError as error:
            raise LinkError(f"cannot write {path}: {error.strerror}") from error
        say(f"written: {path}")
    return DONE


def _put(path: str, octets: bytes) -> None:
    """Put a script in its place, whole or not at all: keepalived may be running the old one."""
    os.makedirs(path.rpartition("/")[0], _MODE, exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            os.fchmod(file.fileno(), _MODE)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
