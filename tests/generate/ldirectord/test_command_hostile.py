# SPDX-License-Identifier: GPL-2.0-or-later
"""`generate ldirectord FILE --write` where something is in its way: links, others' folders, runs, no room, a kill.

And what must not happen to a daemon that runs: its PID file is not ours, whatever the file is called.
"""

from __future__ import annotations

import fcntl
import gc
import os
import random
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.generate.replace import opened_folder
from lvs_rawcheck.registry.read import parse_service
from tests.generate.folder_site import Outcome
from tests.generate.ldirectord.folder_site import CONFIGURATION, MAIL, WEB, LdirectordSite, in_namespace
from tests.ldirectord.harness import needs_ldirectord

needs_root = pytest.mark.netns  # mount namespaces, files of other owners
SEED = 20


@pytest.fixture
def site(tmp_path: Path) -> LdirectordSite:
    return LdirectordSite(tmp_path)


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    yield
    gc.enable()  # the command ends its process


def demand_refused(outcome: Outcome, status: int, *said: str) -> None:
    """Assert that it ended so, and said so, and nothing of an internal error."""
    assert outcome.status == status, outcome
    for part in said:
        assert part in outcome.stderr
    assert "internal error" not in outcome.stderr


# What is in the place of a wrapper


def test_a_link_in_the_place_of_a_wrapper_is_not_followed(site: LdirectordSite) -> None:
    victim = site.folder / "victim"
    victim.write_text("theirs")
    site.wrappers.mkdir()
    site.wrapper().symlink_to(victim)
    tree = site.tree()
    for words in ((), ("--check",), ("--write", "--no-probe")):
        demand_refused(site.run(*words), 2, str(site.wrapper()), "a symbolic link: a program of ours belongs there")
    assert site.tree() == tree
    assert site.wrapper().is_symlink()


def test_neither_is_one_that_leads_nowhere(site: LdirectordSite) -> None:
    site.wrappers.mkdir()
    site.wrapper().symlink_to(site.folder / "victim")
    demand_refused(site.write(), 2, "a symbolic link")
    assert not (site.folder / "victim").exists()


def test_a_temporary_name_that_is_a_link_is_not_followed(site: LdirectordSite) -> None:
    victim = site.folder / "victim"
    victim.write_text("theirs")
    site.wrappers.mkdir()
    (site.wrappers / f".{WEB}.lvs-rawcheck-new").symlink_to(victim)
    assert site.write().status == 0
    assert victim.read_text() == "theirs"


def test_a_folder_or_a_pipe_in_the_place_of_a_wrapper(site: LdirectordSite) -> None:
    site.wrapper().mkdir(parents=True)
    demand_refused(site.write(), 2, str(site.wrapper()))
    site.wrapper().rmdir()
    os.mkfifo(site.wrapper())
    demand_refused(site.write(), 2, f"{site.wrapper()}: not a file")
    assert site.conf.read_text() == CONFIGURATION


def test_a_file_in_the_place_of_the_folder(site: LdirectordSite) -> None:
    site.wrappers.write_text("")
    demand_refused(site.write(), 2, str(site.wrappers))
    assert site.conf.read_text() == CONFIGURATION


@pytest.mark.parametrize("which", ["wrappers", "folder above", "scripts", "verdict"])
def test_where_others_may_write_nothing_is_run_as_root(site: LdirectordSite, which: str) -> None:
    site.wrappers.mkdir()
    paths = {"wrappers": site.wrappers, "folder above": site.folder, "scripts": site.verdict.parent}
    path = paths.get(which, site.verdict)
    path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o002)
    tree = site.tree()
    outcome = site.write("--force")
    demand_refused(outcome, 1, "what runs as root must be root's", f"{path}: others than root can write there")
    assert site.tree() == tree


@needs_root
def test_a_folder_of_somebody_else_s(site: LdirectordSite) -> None:
    site.wrappers.mkdir()
    os.chown(site.wrappers, 12345, 12345)
    demand_refused(site.write(), 1, f"{site.wrappers}: is not root's")
    assert site.conf.read_text() == CONFIGURATION


# Two runs


@pytest.mark.parametrize("which", ["wrappers", "services", "ha.d"])
def test_two_runs_do_not_write_at_once(site: LdirectordSite, which: str) -> None:
    folder = {"wrappers": site.wrappers, "services": site.services}.get(which, site.conf.parent)
    folder.mkdir(exist_ok=True)
    tree = site.tree()
    with opened_folder(str(folder)) as other_run:
        fcntl.flock(other_run, fcntl.LOCK_EX)
        demand_refused(site.write(), 1, f"another run is writing to {folder}")
    assert site.tree() == tree


def test_of_several_at_once_one_writes_and_all_agree(site: LdirectordSite) -> None:
    runs = [
        subprocess.Popen(site.command("--write", "--no-probe"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [run.communicate(timeout=60) for run in runs]
    statuses = [run.returncode for run in runs]
    assert 0 in statuses, said
    assert set(statuses) <= {0, 1}, said
    demand_whole(site)
    assert site.run("--check").status == 0


# No room, and a kill


def demand_whole(site: LdirectordSite) -> bool:
    """Assert that the file is the old one or the new one, and that all it names is there; return whether it is new."""
    if site.conf.read_text() == CONFIGURATION:
        return False
    assert site.named() == [str(site.wrapper(WEB)), str(site.wrapper(MAIL))]
    for service in (WEB, MAIL):
        wrapper = site.wrapper(service)
        assert os.access(wrapper, os.X_OK)
        assert wrapper.read_text().endswith("kill_rest\nexit 1\n")
        octets = site.service_file(service).read_bytes()
        assert parse_service(str(wrapper), service, octets, lambda: None).real_servers
    return True


@needs_root
@pytest.mark.parametrize("which", ["services", "wrappers", "ha.d"])
def test_no_room(site: LdirectordSite, which: str) -> None:
    folder = {"wrappers": site.wrappers, "services": site.services}.get(which, site.conf.parent)
    folder.mkdir(exist_ok=True)
    full = (
        f'cp -a "{site.conf}" "{site.folder}/kept" && mount -t tmpfs -o size=64k,mode=755 none "{folder}" &&'
        f' {{ [ "{which}" != ha.d ] || cp -a "{site.folder}/kept" "{site.conf}"; }} &&'
        f' {{ head -c 100000 /dev/zero >"{folder}/fill" || true; }} 2>"{site.folder}/filled"'
    )
    done = in_namespace(
        full, site.command("--write", "--no-probe"), f'cmp "{site.conf}" "{site.folder}/kept" || exit 9'
    )
    assert "No space left" in (site.folder / "filled").read_text()
    assert done.returncode == 2, done
    assert "could not write" in done.stderr
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1
    assert site.conf.read_text() == CONFIGURATION


@pytest.mark.parametrize("kills", [6, pytest.param(30, marks=pytest.mark.full)])
def test_a_kill_at_any_time_leaves_a_file_that_names_only_what_is_there(tmp_path: Path, kills: int) -> None:
    """The processes are forked from this one, so that time goes into the writing and not into imports."""
    whole = LdirectordSite(made(tmp_path / "whole"))
    begun = time.monotonic()
    assert whole.write().status == 0
    duration = time.monotonic() - begun
    chance = random.Random(SEED)
    for number in range(kills):
        site = LdirectordSite(made(tmp_path / str(number)))
        killed_after(site, duration * chance.uniform(0.3, 1.1))
        demand_whole(site)
        assert site.write().status == 0, "what a killed run left is in the way"
        assert demand_whole(site)
        assert site.run("--check").status == 0


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def killed_after(site: LdirectordSite, seconds: float) -> None:
    """Write in a process that is killed after so long."""
    process = os.fork()
    if process == 0:
        try:
            site.write()
        finally:
            os._exit(0)
    time.sleep(seconds)  # the moment itself is what is tried
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


# ldirectord itself


REFUSES_OURS = """\
#!/bin/sh
# Stands in for an ldirectord that knows no external checks.
if grep -q external "$2"; then echo "Error [1] reading file $2 at line 14: no such checktype" >&2; exit 2; fi
exit 3
"""


@needs_root
@needs_ldirectord
def test_what_ldirectord_refuses_is_not_written(site: LdirectordSite) -> None:
    stand_in = site.folder / "ldirectord"
    stand_in.write_text(REFUSES_OURS)
    stand_in.chmod(0o755)
    tree = site.tree()
    done = in_namespace(
        f'mount --bind "{stand_in}" /usr/sbin/ldirectord', site.command("--write", "--no-probe", "--force")
    )
    assert done.returncode == 1
    assert f"ldirectord says of the result: Error [1] reading file {site.conf} at line 14: no such" in done.stderr
    assert "nothing was written" in done.stdout
    assert site.tree() == tree


@needs_ldirectord
def test_what_it_refuses_already_is_told(site: LdirectordSite) -> None:
    site.conf.write_text(CONFIGURATION + "virtual=192.0.2.3:80\n\treal=no-such-host.invalid:80 gate\n")
    outcome = site.write()
    assert outcome.status == 0
    assert "ldirectord refuses the configuration as it is: Error" in outcome.stdout
    assert str(site.conf) in outcome.stdout


def without_ldirectord(site: LdirectordSite) -> str:
    nothing = site.folder / "nothing"
    nothing.write_text("")
    return f'mount --bind "{nothing}" /usr/sbin/ldirectord'


@needs_root
@needs_ldirectord
def test_where_it_cannot_be_asked_this_is_said(site: LdirectordSite) -> None:
    done = in_namespace(without_ldirectord(site), site.command("--write", "--no-probe"))
    assert done.returncode == 0, done
    assert "ldirectord itself was not asked about the result: cannot run /usr/sbin/ldirectord" in done.stdout


RUNNING = """\
mount -t tmpfs -o mode=755 none /run
for name in ldirectord ldirectord.cf; do echo $$ >/run/ldirectord.$name.pid; done
"""


@needs_root
@needs_ldirectord
@pytest.mark.parametrize("is_refused", [False, True], ids=["sound", "one that ldirectord refuses"])
def test_the_pid_files_of_a_daemon_that_runs_survive(site: LdirectordSite, is_refused: bool) -> None:
    """`ldirectord FILE status` on a broken FILE removes the one that is called after its base name."""
    if is_refused:
        site.conf.write_text(CONFIGURATION + "virtual=192.0.2.3:80\n\treal=no-such-host.invalid:80 gate\n")
    for words in (("--write", "--no-probe"), ("--check",), ("--revert", "--write")):
        done = in_namespace(RUNNING, site.command(*words), "cd /run && echo *.pid")
        assert done.returncode == 0, done
        assert done.stdout.splitlines()[-1] == "ldirectord.ldirectord.cf.pid ldirectord.ldirectord.pid"
    asked = ["/usr/sbin/ldirectord", "-d", str(site.conf), "status"]
    theirs = in_namespace(RUNNING, asked, "cd /run && echo *.pid").stdout.splitlines()[-1]
    assert theirs == (
        "ldirectord.ldirectord.pid" if is_refused else "ldirectord.ldirectord.cf.pid ldirectord.ldirectord.pid"
    )


@needs_root
@pytest.mark.parametrize(
    ("preparation", "command"),
    [
        ("", "systemctl reload ldirectord"),
        ("echo $$ >/run/ldirectord.ldirectord.cf.pid", "ldirectord /etc/ha.d/ldirectord.cf reload"),
    ],
    ids=["the unit's", "by its file's name"],
)
def test_the_command_to_reload_is_that_of_the_way_it_was_started(
    site: LdirectordSite, preparation: str, command: str
) -> None:
    script = f"""
mount -t tmpfs none /run && mount -t tmpfs -o mode=755 none /etc/ha.d && cp "{site.conf}" /etc/ha.d/ldirectord.cf
{preparation}
"""
    words = [word if word != str(site.conf) else "/etc/ha.d/ldirectord.cf" for word in site.command()]
    done = in_namespace(script, [*words, "--write", "--no-probe"])
    assert done.returncode == 0, done
    assert done.stdout.count(f"  {command}\n") == 2
