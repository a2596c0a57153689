# SPDX-License-Identifier: GPL-2.0-or-later
"""The units: as closed as a raw socket allows, each line explained, and what they name is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lvs_rawcheck.daemon.readiness import SECONDS_MOST
from lvs_rawcheck.director.control_socket import SOCKET_NAME
from tests.package.build import CHECKOUT, require_programs

SERVICE = CHECKOUT / "debian" / "lvs-rawcheck.service"
SOCKET = CHECKOUT / "debian" / "lvs-rawcheck.socket"
EXPOSURE_MOST = 1.6
RUN = "/run/lvs-rawcheck"


def settings_of(unit: Path) -> dict[str, list[str]]:
    """Return the values of each key of a unit, in their order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_it_is_as_closed_as_can_be() -> None:
    require_programs({"systemd-analyze": "systemd"})
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MOST * 10:.0f}"]
    done = subprocess.run([*words, str(SERVICE)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    level = re.search(r"exposure level for \S+: (\d+\.\d)", done.stdout)
    assert level is not None
    assert float(level[1]) <= EXPOSURE_MOST, "\n".join(line for line in done.stdout.splitlines() if "✗" in line)


def test_what_would_break_checks_is_not_asked_for() -> None:
    settings = settings_of(SERVICE)
    assert not {"IPAddressDeny", "PrivateUsers", "PrivateNetwork", "RuntimeDirectory", "ProcSubset"} & settings.keys()
    assert settings["AmbientCapabilities"] == settings["CapabilityBoundingSet"] == ["CAP_NET_RAW"]


def test_no_key_is_misspelt_and_the_units_fit_together(tmp_path: Path) -> None:
    require_programs({"systemd-analyze": "systemd"})
    for unit in (SERVICE, SOCKET):  # what the checkout has not installed: the command and the pages
        text = re.sub(r"^(ExecStart|Documentation)=.*$", "", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text.replace("[Service]", "[Service]\nExecStart=/bin/true"))
    words = ["systemd-analyze", "verify", "--man=no", str(tmp_path / SERVICE.name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert [line for line in done.stderr.splitlines() if "lvs-rawcheck" in line] == []


def test_what_they_name_is_what_the_program_uses() -> None:
    service, socket = settings_of(SERVICE), settings_of(SOCKET)
    assert service["ExecStart"] == ["/usr/bin/lvs-rawcheck daemon"]
    assert socket["ListenStream"] == [f"{RUN}/{SOCKET_NAME}"]
    assert service["ReadWritePaths"] == [RUN]
    assert service["Requires"] == ["lvs-rawcheck.socket"]
    assert socket["PartOf"] == ["lvs-rawcheck.service"]
    (user,) = service["User"]
    assert f"\nu {user} " in (CHECKOUT / "debian" / "lvs-rawcheck.sysusers").read_text()
    assert socket["SocketGroup"] == service["Group"] == [user]
    folders = (CHECKOUT / "debian" / "lvs-rawcheck.tmpfiles").read_text()
    for name in ("verdict", "track", "daemon", "slots"):
        assert f"\nd {RUN}/{name} 0755 {user} {user} -\n" in folders
    for page in re.findall(r"man:(\S+)\((\d)\)", SERVICE.read_text() + SOCKET.read_text()):
        assert (CHECKOUT / "debian" / "man" / ".".join(page)).is_file(), page


def test_it_has_time_to_start() -> None:
    """The manager waits longer than the daemon does for its first verdicts."""
    (seconds,) = settings_of(SERVICE)["TimeoutStartSec"]
    assert float(seconds) >= 2 * SECONDS_MOST


@pytest.mark.parametrize("unit", [SERVICE, SOCKET], ids=["service", "socket"])
def test_what_closes_it_is_explained(unit: Path) -> None:
    """Each run of settings has a comment right above it; what needs none says what the unit is."""
    plain = {"Description", "Documentation", "Type", "ExecStart", "WantedBy", "PartOf", "ListenStream"}
    before = ""
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#") and not before.strip("#[] "):
            assert line.split("=")[0] in plain, f"without a word: {line}"
        before = line
