# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine: who may open packet sockets, the neighbour tables' size, the clocks, the daemon and what was left."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.diagnose.doctor import neighbours
from lvs_rawcheck.diagnose.doctor.clocks import clocks
from lvs_rawcheck.diagnose.doctor.daemon_state import daemon_state
from lvs_rawcheck.diagnose.doctor.neighbours import neighbour_tables
from lvs_rawcheck.diagnose.doctor.privileges import privileges
from tests.cli.commands import LAUNCHER
from tests.diagnose.doctor.clinic import REAL_IP, REAL_IP6, VIP, VIP6, Clinic
from tests.diagnose.doctor.test_configurations import configuration, misc
from tests.diagnose.doctor.ward import Ward
from tests.netns.topology import end_process, wait_until

pytestmark = pytest.mark.netns

WITHOUT_NET_RAW = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", "--")
SLEEP = "import sys; print('up', flush=True); sys.stdin.read()"


@contextmanager
def running(clinic: Clinic, *words: str) -> Iterator[int]:
    """Let a process run that says when it is up; its number."""
    child = clinic.host.popen(words)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    try:
        yield child.pid
    finally:
        end_process(child)


def _program(clinic: Clinic, name: str) -> str:
    """Return a Python under another name."""
    path = clinic.folder / name
    if not path.exists():
        shutil.copy(Path(sys.executable).resolve(), path)
    return str(path)


@pytest.mark.parametrize("name", ["keepalived", "ldirectord", "daemon"])
def test_a_program_without_the_capability(clinic: Clinic, name: str) -> None:
    words = {
        "keepalived": (_program(clinic, "keepalived"), "-c", SLEEP),
        "ldirectord": ("/usr/bin/python3", "-c", SLEEP, "/usr/sbin/ldirectord"),
        "daemon": ("/usr/bin/python3", "-c", SLEEP, "/usr/bin/lvs-rawcheck", "daemon"),
    }[name]
    if name == "ldirectord":
        script = clinic.folder / "ldirectord"
        script.write_text(SLEEP)
        words = ("/usr/bin/python3", str(script))
    with running(clinic, *words) as pid:
        section = clinic.look(privileges)
        assert section.findings == []
        assert f"(process {pid})" in section.looked_at
    with running(clinic, *WITHOUT_NET_RAW, *words):
        clinic.demand_instruction(privileges, "program-without-net-raw")
    assert clinic.look(privileges).findings == []


def test_root_without_the_capability(clinic: Clinic) -> None:
    ward = Ward(clinic)
    words = ["lvs-rawcheck", "doctor", "--services", str(clinic.services), "--state", str(clinic.state)]
    done = ward.run(*WITHOUT_NET_RAW, *words)
    assert done.returncode == 1
    first = done.stdout.splitlines()[0]
    assert first.rpartition(" ")[2] == "no-net-raw"
    assert ward.run(*words).returncode == 0


def test_a_user_is_no_fault_but_sees_less(clinic: Clinic) -> None:
    clinic.folder.chmod(0o755)
    ward = Ward(clinic)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    words = ["lvs-rawcheck", "doctor", "--services", str(clinic.services), "--state", str(clinic.state)]
    done = ward.run(*nobody, *words)
    assert (done.returncode, done.stderr) == (2, "")  # what was not looked at may be wrong
    assert "doctor was not started by root" in " ".join(done.stdout.split())
    assert "partial" in done.stdout.splitlines()[-1]


def test_a_check_of_somebody_without_privileges(clinic: Clinic) -> None:
    script = misc(f"{clinic.folder}/verdict web/{REAL_IP}", "            user nobody\n")
    clinic.configure_keepalived(configuration(script))
    assert pwd.getpwnam("nobody").pw_uid
    clinic.demand_instruction(privileges, "check-user")
    clinic.configure_keepalived(configuration(script.replace("nobody", "root")))
    assert clinic.look(privileges).findings == []


def test_somebody_may_ask_the_daemon_instead(clinic: Clinic) -> None:
    (clinic.state / "daemon").mkdir()
    (clinic.state / "daemon" / "alive").write_text(f"{int(clock.uptime())} 32\n")
    clinic.folder.chmod(0o755)
    accounts = clinic.folder / "group"
    script = misc(f"{clinic.folder}/verdict web/{REAL_IP}", "            user nobody\n")
    clinic.configure_keepalived(configuration(script))
    for member, causes in (("nobody", set()), ("bin", {"check-user"})):
        accounts.write_text(f"{Path('/etc/group').read_text()}lvs-rawcheck:x:907:{member}\n")
        ward = Ward(clinic, f"mount --bind {accounts} /etc/group")
        assert set(ward.causes()) & {"check-user"} == causes
    assert "lvs-rawcheck" not in [each.gr_name for each in grp.getgrall()]


# Neighbours --------------------------------------------------------------------------------------------


def _limits(family: str, limit: int) -> str:
    """Return what gives the tables these limits, where this namespace shows none."""
    folder = f"/proc/sys/net/{family}"
    return (
        f"mount -t tmpfs none {folder}\nmkdir -p {folder}/neigh/default\n"
        f"for n in 1 2 3; do echo {limit} >{folder}/neigh/default/gc_thresh$n; done"
    )


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_table_that_is_too_small(clinic: Clinic, family: str) -> None:
    servers = [f"10.1.0.{number}" if family == "ipv4" else f"2001:db8:1::{number}" for number in range(1, 101)]
    endpoint = "10.0.0.100:80" if family == "ipv4" else f"[{VIP6}]:80"
    listed = "".join(f'[[real_server]]\naddress = "{server}"\n' for server in servers)
    (clinic.services / "web.toml").write_text(f'endpoint = ["{endpoint}"]\n[[check]]\nkind = "tcp"\n{listed}')
    clinic.host.ip("route", "add", "10.1.0.0/24", "dev", "eth0")
    clinic.host.ip("route", "add", "2001:db8:1::/64", "dev", "eth0")
    ward = Ward(clinic, _limits(family, 99))
    (found,) = ward.cure("neighbour-table-small")
    assert "100 neighbours, 100 of them real servers" in found["what"]
    done = ward.run("sh", "-c", f"cat /proc/sys/net/{family}/neigh/default/gc_thresh*")
    assert done.stdout.split() == ["256", "512", "1024"]


def test_a_limit_that_is_larger_already_stays(clinic: Clinic) -> None:
    listed = "".join(f'[[real_server]]\naddress = "10.0.0.{number}"\n' for number in range(101, 201))
    (clinic.services / "web.toml").write_text(f'endpoint = ["{VIP}:80"]\n[[check]]\nkind = "tcp"\n{listed}')
    limits = "/proc/sys/net/ipv4/neigh/default"
    ward = Ward(clinic, f"{_limits('ipv4', 99)}\necho 100000 >{limits}/gc_thresh3")
    ward.cure("neighbour-table-small")
    assert ward.run("sh", "-c", f"cat {limits}/gc_thresh*").stdout.split() == ["256", "512", "100000"]


def test_a_table_that_was_full(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.register()
    (clinic.folder / "arp_cache").write_text("entries  table_fulls\n00000003 0000000a\n00000003 00000006\n")
    monkeypatch.setattr(neighbours, "STATISTICS", str(clinic.folder))  # only the first namespace has this folder
    assert "16 times" in clinic.demand_instruction(neighbour_tables, "neighbour-table-overflowed").sentence


def test_a_namespace_that_shows_no_limits_is_a_gap(clinic: Clinic) -> None:
    clinic.register()
    clinic.register(vip=VIP6, real=REAL_IP6, name="six")
    section = clinic.look(neighbour_tables)
    assert section.findings == []
    assert len(section.gaps) == 2


# Clocks ------------------------------------------------------------------------------------------------


def test_clocks_that_are_right(clinic: Clinic) -> None:
    section = clinic.look(clocks)
    assert (section.findings, section.gaps) == ([], [])


@pytest.mark.parametrize(("text", "causes"), [("99999999.00 1.00\n", ["uptime-differs"]), ("nonsense\n", [])])
def test_another_uptime_as_lxcfs_shows_it(clinic: Clinic, text: str, causes: list[str]) -> None:
    told = clinic.folder / "uptime"
    told.write_text(text)
    said = Ward(clinic, f"mount --bind {told} /proc/uptime").doctor()
    assert [each["cause"] for each in said["findings"]] == causes
    assert said["partial"] is (not causes)


def test_a_time_before_this_program(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall_now", lambda: 86400.0)  # no namespace has a time of day of its own
    clinic.demand_instruction(clocks, "wall-clock")


# Daemon and modes --------------------------------------------------------------------------------------

SYSTEMCTL = """\
#!/bin/sh
case $1 in
is-enabled) echo enabled ;;
is-active) cat {0}/unit ;;
restart) echo active >{0}/unit ;;
esac
"""


def test_an_enabled_daemon_that_does_not_run(clinic: Clinic) -> None:
    clinic.folder.chmod(0o755)
    (clinic.folder / "unit").write_text("failed\n")
    systemctl = clinic.folder / "systemctl"
    systemctl.write_text(SYSTEMCTL.format(clinic.folder))
    systemctl.chmod(0o755)
    ward = Ward(clinic, f"mount --bind {systemctl} $(command -v systemctl)")
    (found,) = ward.cure("daemon-not-running")
    assert "failed" in found["what"]


def _daemon(clinic: Clinic) -> tuple[str, ...]:
    options = ("--services", str(clinic.services), "--state", str(clinic.state))
    return ("/usr/bin/python3", "-IS", str(LAUNCHER), "daemon", *options)


def test_track_files_that_nobody_keeps(clinic: Clinic) -> None:
    clinic.register()
    track = clinic.state / "track" / f"web@{REAL_IP}"
    stanza = f"        FILE_CHECK {{\n            track_file web/{REAL_IP}\n            weight 0\n        }}\n"
    clinic.configure_keepalived(configuration(stanza, f'track_file web/{REAL_IP} {{\n    file "{track}"\n}}\n'))
    found = clinic.finding(daemon_state, "daemon-gone")
    assert found.fixes[0].command == "systemctl restart lvs-rawcheck.service"
    child = clinic.host.popen(_daemon(clinic))  # as that command would start it
    wait_until(lambda: clinic.look(daemon_state).findings == [], "the daemon lives", 20.0)
    end_process(child)


def test_a_daemon_of_before_the_upgrade(clinic: Clinic) -> None:
    copy = clinic.folder / "program"
    launcher = shutil.copytree(LAUNCHER.parents[1], copy / "lvs_rawcheck") / "cli" / "launcher.py"
    shutil.copytree(LAUNCHER.parents[2] / "templates", copy / "templates")
    program = clinic.folder / "lvs-rawcheck"
    program.unlink()
    program.symlink_to(launcher)
    ward = Ward(clinic)
    other = ("/usr/bin/python3", "-c", SLEEP, "/usr/bin/lvs-rawcheck", "daemon")  # of another installation
    with running(clinic, *other), running(clinic, *other[:3], str(program), "daemon") as pid:
        assert ward.causes() == []

        def is_older() -> bool:
            os.chmod(copy / "lvs_rawcheck" / "__init__.py", 0o644)  # as an installation does: its ctime is now
            return ward.causes() == ["daemon-outdated"]

        wait_until(is_older, "the program is younger", 20.0)
        (found,) = ward.doctor()["findings"]
        assert found["where"] == f"process {pid}"
        assert found["fix"] == [{"host": "this director", "command": "systemctl restart lvs-rawcheck.service"}]
    assert ward.causes() == []


@pytest.mark.parametrize("written", ["0", "99999999", "nonsense"])
def test_an_upgrade_that_was_not_ended(clinic: Clinic, written: str) -> None:
    (clinic.state / "hold").write_text(f"{written}\n")
    found = clinic.cure(daemon_state, "hold-left-behind")
    assert "dpkg" in found.fixes[0].instruction


def test_an_upgrade_under_way_is_no_fault(clinic: Clinic) -> None:
    (clinic.state / "hold").write_text(f"{int(clock.uptime())}\n")
    assert clinic.look(daemon_state).findings == []


@pytest.mark.parametrize("mode", ["observe", "standard"])
def test_a_mode_that_was_set_by_hand(clinic: Clinic, mode: str) -> None:
    clinic.register()
    (clinic.state / "mode").mkdir()
    (clinic.state / "mode" / "web").write_text("enforce -\n")
    assert clinic.look(daemon_state).findings == []
    (clinic.state / "mode" / "web").write_text(f"{mode} -\n")
    clinic.cure(daemon_state, "mode-override")


@pytest.mark.parametrize("name", ["web", "gone"])
def test_a_mode_of_nobody_or_that_says_nothing(clinic: Clinic, name: str) -> None:
    clinic.register()
    (clinic.state / "mode").mkdir()
    (clinic.state / "mode" / name).write_text("nonsense\n" if name == "web" else "observe -\n")
    clinic.cure(daemon_state, "mode-override")
