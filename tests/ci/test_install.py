# SPDX-License-Identifier: GPL-2.0-or-later
""".ci/install against a package manager of our own, in a mount namespace where no policy-rc.d exists."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: makes a mount namespace"),
]

CI = Path(__file__).resolve().parents[2] / ".ci"
POLICY = Path("/usr/sbin/policy-rc.d")
NOBODY = ["setpriv", "--reuid=65534", "--clear-groups"]
LINK = "/etc/systemd/system/multi-user.target.wants/keepalived.service"

# Everything the script may change lies on file systems that only its own namespace sees. What it left behind
# is copied out.
NAMESPACE = """
set -e
stage=$1; shift
for folder in /usr/sbin /etc/systemd/system; do mount -t tmpfs tmpfs "$folder"; done
mkdir /etc/systemd/system/multi-user.target.wants
ln -s /lib/systemd/system/old.service /etc/systemd/system/multi-user.target.wants/old.service
if [ -e "$stage/policy" ]; then cp -p "$stage/policy" /usr/sbin/policy-rc.d; fi
status=0
"$@" || status=$?
cp -p /usr/sbin/policy-rc.d "$stage/policy-left" 2>/dev/null || :
ls /etc/systemd/system/multi-user.target.wants >"$stage/links-left"
exit $status
"""

# Installs nothing, but enables a service as a package would, and notes whether it could have been started.
APT_GET = f"""#!/bin/sh
echo "$*" >>"$STAGE/apt-get.log"
case " $* " in *" --simulate "* | *" update "*) exit 0 ;; esac
status=0; {POLICY} keepalived start || status=$?
echo "$status" >>"$STAGE/policy-status"
ln -s /lib/systemd/system/keepalived.service {LINK}
ln -s /dev/null /etc/systemd/system/masked.service
[ ! -e "$STAGE/signal" ] || kill -s "$(cat "$STAGE/signal")" $PPID
[ ! -e "$STAGE/fail" ] || exit 100
"""

DPKG_QUERY = """#!/bin/sh
[ -e "$STAGE/complete" ] || { echo 'installed python3'; exit 1; }
shift 3
for package in "$@"; do echo "installed $package"; done
"""


@pytest.fixture
def stage() -> Iterator[Path]:
    """Make a folder that everybody may read, with the package manager's programs and a copy of ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bin").mkdir()
        for program, text in (("apt-get", APT_GET), ("dpkg-query", DPKG_QUERY)):
            (folder / "bin" / program).write_text(text)
            (folder / "bin" / program).chmod(0o755)
        shutil.copytree(CI, folder / "ci")
        yield folder


def install(stage: Path, before: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": f"{stage}/bin:{os.defpath}:/sbin", "STAGE": str(stage)}
    command = ["unshare", "--mount", "sh", "-c", NAMESPACE, "sh", str(stage), *before, f"{stage}/ci/install"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def assert_nothing_left(stage: Path) -> None:
    assert not (stage / "policy-left").exists()
    assert (stage / "links-left").read_text().split() == ["old.service"]


def place_policy(stage: Path, text: str) -> None:
    (stage / "policy").write_text(text)
    (stage / "policy").chmod(0o755)


def test_nothing_missing_is_silent(stage: Path) -> None:
    (stage / "complete").touch()
    done = install(stage)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (stage / "apt-get.log").exists()


def test_nothing_missing_needs_no_root(stage: Path) -> None:
    (stage / "complete").touch()
    done = install(stage, before=NOBODY)
    assert (done.returncode, done.stderr) == (0, "")


def test_only_what_is_missing_is_installed(stage: Path) -> None:
    assert install(stage).returncode == 0
    words = (stage / "apt-get.log").read_text().splitlines()[-1].split()
    assert {"keepalived", "user-mode-linux"} <= set(words)
    assert "python3" not in words
    assert "--no-install-recommends" in words


def test_no_service_starts_and_nothing_is_left(stage: Path) -> None:
    assert install(stage).returncode == 0
    assert (stage / "policy-status").read_text() == "101\n"
    assert_nothing_left(stage)


@pytest.mark.parametrize(("signal", "status"), [("INT", 130), ("TERM", 143), ("HUP", 143)])
def test_an_interrupted_install_leaves_nothing(stage: Path, signal: str, status: int) -> None:
    (stage / "signal").write_text(signal)
    assert install(stage).returncode == status
    assert (stage / "policy-status").exists()
    assert_nothing_left(stage)


def test_a_failed_install_leaves_nothing(stage: Path) -> None:
    (stage / "fail").touch()
    assert install(stage).returncode != 0
    assert "update" in (stage / "apt-get.log").read_text()
    assert_nothing_left(stage)


def test_a_policy_that_was_there_stays(stage: Path) -> None:
    place_policy(stage, "#!/bin/sh\nexit 101\n")
    assert install(stage).returncode == 0
    assert (stage / "policy-left").read_text() == "#!/bin/sh\nexit 101\n"


@pytest.mark.parametrize("allowed", ["*", "keepalived", "no-service-of-this-name"])
def test_a_policy_that_lets_services_start_stops_us(stage: Path, allowed: str) -> None:
    policy = f"#!/bin/sh\ncase $1 in {allowed}) exit 0 ;; esac\nexit 101\n"
    place_policy(stage, policy)
    done = install(stage)
    assert done.returncode == 1
    assert "keepalived" in done.stderr
    assert not (stage / "apt-get.log").exists()
    assert (stage / "policy-left").read_text() == policy


def test_what_a_killed_install_left_is_taken_away(stage: Path) -> None:
    (stage / "signal").write_text("KILL")
    assert install(stage).returncode == 137
    (stage / "signal").unlink()
    place_policy(stage, (stage / "policy-left").read_text())
    (stage / "policy-left").unlink()
    assert install(stage).returncode == 0
    assert_nothing_left(stage)


def test_without_root_it_names_what_is_missing(stage: Path) -> None:
    done = install(stage, before=NOBODY)
    assert done.returncode == 1
    assert "not root" in done.stderr
    assert "keepalived" in done.stderr
