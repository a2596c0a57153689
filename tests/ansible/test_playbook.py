# SPDX-License-Identifier: GPL-2.0-or-later
"""examples/ansible on this machine's own Ansible, two directors being folders of one sandbox.

In the sandbox /etc, /usr, /var and /run are copies that go with it, and the network is a loopback. Its kernel may have
no IPVS, so that nothing can be verified in it: how a whole rollout goes is told by tests/lab/test_fleet.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.package.build import built

CHECKOUT = Path(__file__).resolve().parents[2]
PLAYBOOK = CHECKOUT / "examples" / "ansible" / "directors.yml"
BEFORE = CHECKOUT / "examples" / "keepalived" / "single-vip" / "keepalived.conf"
DIRECTORS = ("lb2", "lb1")
WITHOUT_INSTALLING = ("--skip-tags", "install")
ROLE_FOLDER = PLAYBOOK.parent / "roles" / "lvs_rawcheck"
needs_ansible = pytest.mark.skipif(shutil.which("ansible-playbook") is None, reason="ansible-core is not installed")

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}

# $1: the sandbox's folder, $2: the launcher, $3: the configuration of both directors, $4: what else is done. Then the
# command.
_ENTER = """
set -eu
mount --make-rprivate /
for part in etc usr var; do
    mkdir "$1/$part" "$1/$part.work"
    mount -t overlay overlay -o "lowerdir=/$part,upperdir=$1/$part,workdir=$1/$part.work" "/$part"
done
mount -t tmpfs -o mode=755 none /run
ip link set lo up
rm -f /usr/bin/lvs-rawcheck
ln -s "$2" /usr/bin/lvs-rawcheck
lvs-rawcheck generate scripts >/dev/null
for name in lb1 lb2; do
    mkdir -p "/etc/lvs-rawcheck/$name.d" "/etc/keepalived"
    cp "$3" "/etc/keepalived/$name.conf"
done
first=$4
shift 4
$first
exec "$@"
"""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit status, its words, and by director how much it changed, and what failed."""

    status: int
    said: str
    recap: dict[str, tuple[int, int]]


class Fleet:
    """Two directors. folder: what is written in /etc appears in its folder etc."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        options = ["--services", "/etc/lvs-rawcheck/{}.d"]
        hosts = {
            name: {
                "lvs_rawcheck_config": f"/etc/keepalived/{name}.conf",
                "lvs_rawcheck_generate_options": [word.format(name) for word in options],
            }
            for name in DIRECTORS
        }
        here = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": "/usr/bin/python3",
            "lvs_rawcheck_verify_retries": 1,
            "lvs_rawcheck_verify_delay": 0,
        }
        (folder / "inventory.json").write_text(json.dumps({"directors": {"vars": here, "hosts": hosts}}))

    def play(self, *words: str, first: str = "true") -> Outcome:
        """Run the playbook. first: what else is done in the sandbox."""
        launcher = CHECKOUT / "lvs_rawcheck" / "cli" / "launcher.py"
        enter = ["unshare", "-mnpf", "--kill-child", "--mount-proc", "sh", "-c", _ENTER, "sh", str(self.folder)]
        play = ["ansible-playbook", "-i", str(self.folder / "inventory.json"), str(PLAYBOOK)]
        done = subprocess.run(
            [*enter, str(launcher), str(BEFORE), first, *play, *words],
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": str(self.folder),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_NOCOLOR": "1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        counts = re.findall(r"^(\w+) +: .*changed=(\d+) .*failed=(\d+) ", done.stdout, re.MULTILINE)
        recap = {name: (int(changed), int(failed)) for name, changed, failed in counts}
        return Outcome(done.returncode, done.stdout + done.stderr, recap)

    def configuration(self, director: str) -> str:
        """Return what a director's file holds now."""
        return (self.folder / "etc" / "keepalived" / f"{director}.conf").read_text()


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A fleet as it was before."""
    return Fleet(tmp_path)


@needs_ansible
def test_the_playbook_is_one(tmp_path: Path) -> None:
    done = subprocess.run(
        ["ansible-playbook", "-i", str(PLAYBOOK.with_name("inventory.yml")), str(PLAYBOOK), "--syntax-check"],
        env={**_ENVIRONMENT, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_variable_has_a_default_and_is_told() -> None:
    used = {
        name for path in ROLE_FOLDER.glob("tasks/*.yml") for name in re.findall(r"lvs_rawcheck_\w+", path.read_text())
    } | set(re.findall(r"lvs_rawcheck_\w+", (ROLE_FOLDER / "handlers" / "main.yml").read_text()))
    tasks = (ROLE_FOLDER / "tasks" / "checks.yml").read_text()
    registered = set(re.findall(r"register: (\w+)", tasks))
    computed = set(re.findall(r"^(\w+):", (ROLE_FOLDER / "vars" / "main.yml").read_text(), re.MULTILINE))
    defaults = set(re.findall(r"^(\w+):", (ROLE_FOLDER / "defaults" / "main.yml").read_text(), re.MULTILINE))
    assert used - registered - computed - defaults == set()
    readme = PLAYBOOK.with_name("README.md").read_text().replace("`_delay`", "`lvs_rawcheck_verify_delay`")
    assert {name for name in defaults if f"`{name}`" not in readme} == set()


@needs_ansible
@pytest.mark.netns
@pytest.mark.full
def test_the_package_is_installed_by_apt_and_what_it_brought_writes(fleet: Fleet) -> None:
    package = built()
    variables = {"lvs_rawcheck_deb": str(package), "lvs_rawcheck_reload": ["true"]}
    remove = "rm -r /usr/bin/lvs-rawcheck /usr/lib/lvs-rawcheck"
    outcome = fleet.play("--limit", "lb2", "-e", json.dumps(variables), first=remove)
    launcher = fleet.folder / "usr" / "bin" / "lvs-rawcheck"
    assert launcher.is_file(), outcome.said
    assert not launcher.is_symlink()
    assert (fleet.folder / "var" / "lib" / "dpkg" / "info" / "lvs-rawcheck.list").is_file()
    assert "/usr/lib/lvs-rawcheck/verdict" in fleet.configuration("lb2"), outcome.said


@needs_ansible
@pytest.mark.netns
@pytest.mark.full
def test_a_check_shows_the_plan_of_each_and_writes_nothing(fleet: Fleet) -> None:
    outcome = fleet.play(*WITHOUT_INSTALLING, "--check")
    assert outcome.status == 0, outcome.said
    assert outcome.recap == dict.fromkeys(DIRECTORS, (1, 0))
    for name in DIRECTORS:
        assert f"--- /etc/keepalived/{name}.conf" in outcome.said
        assert fleet.configuration(name) == BEFORE.read_text()
        assert list((fleet.folder / "etc" / "lvs-rawcheck" / f"{name}.d").iterdir()) == []


@needs_ansible
@pytest.mark.netns
@pytest.mark.full
def test_a_check_where_nothing_is_installed_says_so(fleet: Fleet) -> None:
    outcome = fleet.play(*WITHOUT_INSTALLING, "--check", first="rm /usr/bin/lvs-rawcheck")
    assert (outcome.status, outcome.recap) == (0, dict.fromkeys(DIRECTORS, (0, 0))), outcome.said
    assert outcome.said.count("not installed yet") == len(DIRECTORS)


@needs_ansible
@pytest.mark.netns
@pytest.mark.full
def test_a_check_with_a_program_that_does_not_run_fails(fleet: Fleet) -> None:
    outcome = fleet.play(*WITHOUT_INSTALLING, "--check", first="ln -sf /bin/false /usr/bin/lvs-rawcheck")
    assert outcome.status != 0
    assert outcome.recap == {"lb2": (0, 1)}


@needs_ansible
@pytest.mark.netns
@pytest.mark.full
def test_the_first_failure_ends_it_and_the_next_director_stays_as_it_was(fleet: Fleet) -> None:
    outcome = fleet.play(*WITHOUT_INSTALLING, "-e", json.dumps({"lvs_rawcheck_reload": ["false"]}))
    assert outcome.status != 0
    assert outcome.recap == {"lb2": (1, 1)}
    assert "misc_path" in fleet.configuration("lb2")
    assert fleet.configuration("lb1") == BEFORE.read_text()


@needs_ansible
@pytest.mark.netns
@pytest.mark.full
@pytest.mark.skipif(os.path.exists("/proc/net/ip_vs"), reason="this kernel has IPVS")
def test_what_cannot_be_verified_ends_it_too(fleet: Fleet) -> None:
    outcome = fleet.play(
        *WITHOUT_INSTALLING, "-e", json.dumps({"lvs_rawcheck_reload": ["true"], "lvs_rawcheck_observe": False})
    )
    assert outcome.status != 0
    assert outcome.recap == {"lb2": (2, 1)}
    assert "Verify what keepalived runs now" in outcome.said
    (service,) = (fleet.folder / "etc" / "lvs-rawcheck" / "lb2.d").iterdir()
    assert "observe" not in service.read_text()
