# SPDX-License-Identifier: GPL-2.0-or-later
"""What ldirectord itself says of a configuration that is not on the disk yet.

It has no test of its own, but `status` reads the file: 3 is read and not running, 2 is refused. Its traps (ldirectord,
read_config, config_error and the look for its configuration): a file whose base name is the live one's costs the live
daemon its PID file; a path that is not absolute means /etc/ha.d first; without ipvsadm it ends with 2, too. So it gets
a name that nobody else has, and with -d takes the `ipvsadm` of the folder that it runs in, which here does nothing.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.asking import ask

SECONDS_MOST = 60.0  # it asks for names, which may take long
_PROGRAM = "/usr/sbin/ldirectord"
_NO_IPVSADM = "#!/bin/sh\nexit 0\n"
_READ, _RUNNING, _REFUSED = 3, 0, 2


@dataclass(frozen=True, slots=True)
class ConfigTest:
    """accepted: whether it read the whole file. message: why not, with the name of the real file."""

    accepted: bool
    message: str


def config_test(path: str, octets: bytes, program: str = _PROGRAM) -> ConfigTest:
    """Return what ldirectord says of a configuration. path: what messages call it.

    LinkError: it could not be asked: not installed, not done in time, or it ended otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="lvs-rawcheck-") as folder:
        copy = Path(folder) / f"{os.path.basename(folder)}.cf"
        copy.touch(0o600)
        copy.write_bytes(octets)
        stand_in = Path(folder) / "ipvsadm"
        stand_in.write_text(_NO_IPVSADM)
        stand_in.chmod(0o700)
        answer = ask("ldirectord status", [program, "-d", str(copy), "status"], folder, SECONDS_MOST)
    status, lines = answer.status, [line.replace(str(copy), path) for line in answer.messages]
    if status in (_READ, _RUNNING):
        return ConfigTest(accepted=True, message="")
    if status != _REFUSED:
        raise LinkError(f"ldirectord status ended with {status}: {lines[-1] if lines else 'and said nothing'}")
    errors = [line for line in lines if line.startswith("Error")]
    return ConfigTest(accepted=False, message=(errors or lines or ["no reason given"])[-1])
