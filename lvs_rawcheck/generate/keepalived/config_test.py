# SPDX-License-Identifier: GPL-2.0-or-later
"""What `keepalived -t` says of a configuration that is not on the disk yet.

It is run in a mount namespace of its own, in which the files that would change are as they would be, in their places:
so every include means what it will mean, and messages name the real files. Nothing of it is seen outside, and all is
gone with the process.

keepalived 2.2.5 to 2.2.7 end with "Terminated" and status 143 where a script's user is not the caller (main.c; mended
in 2.2.8). So in that namespace every account is root's. Nothing runs as anybody: -t runs no scripts.

Its exit status says little: the mildest error wins, and a missing file is none at all (vreport_config_error in
lib/logger.c). So it is the messages that are compared.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.asking import ask

SECONDS_MOST = 60.0
_READY = b"ready\n"
# $1 $2, $3 $4, ...: what is mounted where, up to a dash; then the command.
_ENTER = """
while [ "$1" != - ]; do mount --bind "$1" "$2" || exit; shift 2; done
shift
command -v "$1" >/dev/null || { echo "$1 is not installed" >&2; exit; }
echo ready
exec "$@"
"""
# 0: sound; 4: cannot run; 5: errors, but would run; 6: script security (main.c, since 2.2.0); 3: errors, before.
_VALIDATED = (0, 3, 4, 5, 6)
# Of the main file; it ends with 0 all the same (check_conf_file and read_conf_file, lib/parser.c).
_NOT_READ = ("Config files missing", "Configuration file '")
_LINE = re.compile(r"\b[Ll]ine \d+")
_NAME_SERVICES = re.compile(rb"^(passwd|group|initgroups):.*$", re.MULTILINE)
_ACCOUNT = re.compile(rb"^([^:\n]*:[^:\n]*):\d+:\d+:", re.MULTILINE)
_GROUP = re.compile(rb"^([^:\n]*:[^:\n]*):\d+:", re.MULTILINE)
_VERSION = re.compile(r"^Keepalived v([0-9]{1,4}(?:\.[0-9]{1,4}){1,2})\b")
_NAME_CACHE = "/run/nscd"


@dataclass(frozen=True, slots=True)
class ConfigTest:
    """How it ended. status: its exit status, or minus the signal; messages: lines, in order."""

    status: int
    messages: tuple[str, ...]

    @property
    def validated(self) -> bool:
        """Return whether it came to its end."""
        return self.status in _VALIDATED


def config_test(
    path: str, overlay: Mapping[str, bytes], config_id: str | None, program: str = "keepalived"
) -> ConfigTest:
    """Return what keepalived says of the configuration at `path`, with these octets for some of its files.

    overlay: by path, absolute and links resolved; each is a file that is there. config_id: see `read_keepalived`.
    LinkError: it could not be asked: not installed, no mount namespace allowed, not done in time, or it read nothing.
    """
    path = os.path.abspath(path)  # it is run in another folder
    command = [program, "-t", "-f", path, *(("-i", config_id) if config_id is not None else ())]
    with tempfile.TemporaryDirectory(prefix="lvs-rawcheck-") as folder:
        mounts = [*_files_mounted(Path(folder), overlay), *_accounts_mounted(Path(folder))]
        pairs = [word for source, place in mounts for word in (str(source), place)]
        unshare = ["unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "--"]
        tested = _run([*unshare, "sh", "-c", _ENTER, "sh", *pairs, "-", *command])
    if any(message.startswith(_NOT_READ) and f"'{path}'" in message for message in tested.messages):
        raise LinkError(f"it read nothing: {tested.messages[0]}")
    return tested


def installed_version(program: str = "keepalived") -> tuple[int, ...] | None:
    """Return the version of this host's keepalived, None where it does not say."""
    try:
        answer = ask("keepalived --version", [program, "--version"], "/", SECONDS_MOST)
    except LinkError:
        return None
    found = _VERSION.search(answer.messages[0] if answer.messages else answer.output.decode("ascii", "replace"))
    return None if found is None else tuple(map(int, found[1].split(".")))


def _files_mounted(folder: Path, overlay: Mapping[str, bytes]) -> list[tuple[Path, str]]:
    mounts = []
    for number, (place, octets) in enumerate(overlay.items()):
        source = folder / str(number)
        source.write_bytes(octets)
        source.chmod(0o600)
        mounts.append((source, place))
    return mounts


def _accounts_mounted(folder: Path) -> list[tuple[Path, str]]:
    """Return accounts that are all root's, and the ways around them closed."""
    mounts = []
    for place, pattern, replacement in (
        ("/etc/passwd", _ACCOUNT, rb"\1:0:0:"),
        ("/etc/group", _GROUP, rb"\1:0:"),
        ("/etc/nsswitch.conf", _NAME_SERVICES, rb"\1: files"),
    ):
        if os.path.exists(place):
            source = folder / os.path.basename(place)
            source.write_bytes(pattern.sub(replacement, Path(place).read_bytes()))
            mounts.append((source, place))
    if os.path.isdir(_NAME_CACHE):
        empty = folder / "empty"
        empty.mkdir()
        mounts.append((empty, _NAME_CACHE))
    return mounts


def _run(command: list[str]) -> ConfigTest:
    answer = ask("keepalived -t", command, "/", SECONDS_MOST)
    if not answer.output.startswith(_READY):
        reason = answer.messages[-1] if answer.messages else "no reason given"
        raise LinkError(f"keepalived -t could not be run: {reason}")
    return ConfigTest(answer.status, answer.messages)


def messages_added(before: ConfigTest, after: ConfigTest) -> list[str]:
    """Return what is only said of the second, wherever in its file; each as often as it is said more often."""
    known = Counter(map(_without_place, before.messages))
    added = []
    for message in after.messages:
        if known[_without_place(message)]:
            known[_without_place(message)] -= 1
        else:
            added.append(message)
    return added


def _without_place(message: str) -> str:
    return _LINE.sub("line", message)
