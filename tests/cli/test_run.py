# SPDX-License-Identifier: GPL-2.0-or-later
"""`run ID`: a check of the registry, by its role and mode, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest

from lvs_rawcheck.clock import uptime
from tests.cli.commands import ERROR, NOBODY, WARNING, WITHOUT_NET_RAW, Desk
from tests.cli.registry_desk import CHECK, register, run, said, service
from tests.cli.site import CLOSED_PORT, NOBODY_IP, PORT, REAL_IP, REAL_IP6, VIP, VIP6, Site
from tests.netns.topology import wait_until
from tests.test_imports import FORBIDDEN, LAUNCHER, TELL

pytestmark = pytest.mark.netns

LOST_VIP = "10.0.0.101"  # no server has it


def test_a_passing_check(desk: Desk, site: Site) -> None:
    register(desk, service())
    outcome = run(desk, site.director)
    assert said(outcome) == (0, "ok", "raw")
    assert (outcome.json["id"], outcome.json["mode"], outcome.json["kind"]) == (CHECK, "enforce", "tcp")
    assert (outcome.log, outcome.stderr) == ([], "")
    words = desk.run(site.director, "lvs-rawcheck", "run", *desk.own_folders(), CHECK)
    assert (words.status, words.stdout) == (0, f"{VIP}:{PORT} via {REAL_IP} up: connected\n")


def test_ipv6(desk: Desk, site: Site) -> None:
    register(desk, service(endpoints=[f"[{VIP6}]:{PORT}"], address=REAL_IP6))
    outcome = run(desk, site.director, check=f"web/{REAL_IP6.upper()}")
    assert said(outcome) == (0, "ok", "raw")
    assert (desk.state / "last" / "web" / REAL_IP6).exists()


def test_a_failing_check(desk: Desk, site: Site) -> None:
    register(desk, service(endpoints=[f"{VIP}:{CLOSED_PORT}"]))
    outcome = run(desk, site.director)
    assert said(outcome) == (1, "refused", "raw")
    assert [line.severity for line in outcome.log] == [WARNING]
    assert run(desk, site.director).log == []  # no news


@pytest.mark.parametrize(
    "check", ["web/10.0.0.77", "other/10.0.0.42", "web", "", "../web/10.0.0.42", "web/", "--", "-x"]
)
def test_an_unknown_id_is_never_healthy(desk: Desk, check: str) -> None:
    register(desk, service())
    first = desk.run(None, "lvs-rawcheck", "run", *desk.own_folders(), check)
    assert (first.status, first.stdout) == (1, "")
    assert "cannot-judge" in first.stderr
    assert [line.severity for line in first.log] == [ERROR]
    assert desk.run(None, "lvs-rawcheck", "run", *desk.own_folders(), check).log in ([], first.log)


def test_a_bad_file_is_one_line_of_log_however_often_it_is_met(desk: Desk) -> None:
    register(desk, service(settings="nonsense = 1"))
    outcome = desk.run(None, "lvs-rawcheck", "run", *desk.own_folders(), CHECK)
    assert outcome.status == 1
    assert [line.text.startswith(f"cannot-judge: {desk.services}/web.toml: nonsense: ") for line in outcome.log] == [
        True
    ]
    assert desk.run(None, "lvs-rawcheck", "run", *desk.own_folders(), CHECK).log == []


def test_help_and_slips(desk: Desk) -> None:
    helped = desk.run(None, "lvs-rawcheck", "run", "--help")
    assert (helped.status, "ID" in helped.stdout) == (0, True)
    slips: list[list[str]] = [[], ["a", "b"], ["--help", CHECK], ["-t", "0", CHECK], ["--no-such", CHECK]]
    for words in slips:
        assert desk.run(None, "lvs-rawcheck", "run", *desk.own_folders(), *words).status == 1


def test_the_timeout_is_the_registrys_or_the_command_lines(desk: Desk, site: Site) -> None:
    register(desk, service("timeout = 0.4", endpoints=[f"{LOST_VIP}:{PORT}"]))
    assert 400 <= run(desk, site.director).json["elapsed_ms"] < 700
    assert 200 <= run(desk, site.director, "-t", "0.2").json["elapsed_ms"] < 390


# Several of something.


def test_all_checks_must_pass(desk: Desk, site: Site) -> None:
    waits = 'kind = "tcp"\n[[check]]\nkind = "smtp"'
    register(desk, service("timeout = 0.5", check=waits))
    outcome = run(desk, site.director)
    assert said(outcome) == (1, "timeout", "raw")
    assert outcome.json["kind"] == "tcp+smtp"
    assert outcome.json["detail"].startswith("check 2 of 2: ")


@pytest.mark.parametrize(("policy", "expected"), [("all", (1, "refused", "raw")), ("any", (0, "ok", "raw"))])
def test_vip_policy(desk: Desk, site: Site, policy: str, expected: tuple[int, str, str]) -> None:
    both = [f"{VIP}:{CLOSED_PORT}", f"{VIP}:{PORT}"]
    register(desk, service(f'vip_policy = "{policy}"', endpoints=both))
    outcome = run(desk, site.director)
    assert said(outcome) == expected
    assert [each["reason"] for each in outcome.json["vips"]] == ["refused", "ok"]


def test_any_of_none_is_none(desk: Desk, site: Site) -> None:
    both = [f"{VIP}:{CLOSED_PORT}", f"{LOST_VIP}:{PORT}"]
    register(desk, service('vip_policy = "any"\ntimeout = 0.4', endpoints=both))
    assert said(run(desk, site.director))[:2] == (1, "no-answer")


# Roles.


def test_roles(desk: Desk, site: Site) -> None:
    role_file = desk.file("VI_1", "0")
    register(desk, service(f'role_file = "{role_file}"', endpoints=[f"{LOST_VIP}:{PORT}"]))
    assert said(run(desk, site.standby)) == (0, "ok", "standard")
    register(
        desk, service(f'role_file = "{role_file}"\nstandby = "raw"\ntimeout = 0.4', endpoints=[f"{LOST_VIP}:{PORT}"])
    )
    assert said(run(desk, site.standby)) == (1, "no-answer", "raw")
    role_file.write_text("1")
    assert said(run(desk, site.standby)) == (1, "no-answer", "raw")


def test_auto(desk: Desk, site: Site) -> None:
    register(desk, service('role_file = "auto"'))
    assert said(run(desk, site.director)) == (0, "ok", "raw")
    assert said(run(desk, site.standby)) == (0, "ok", "standard")


def test_a_server_overrides_its_service(desk: Desk, site: Site) -> None:
    role_file = desk.file("VI_1", "0")
    register(desk, service('role_file = "auto"', f'role_file = "{role_file}"'))
    assert said(run(desk, site.director)) == (0, "ok", "standard")


# What cannot be judged.


def test_what_cannot_be_judged_is_left_to_the_standard_check(desk: Desk, site: Site) -> None:
    register(desk, service())
    desk.become = WITHOUT_NET_RAW
    outcome = run(desk, site.director)
    assert said(outcome) == (0, "ok", "standard")
    assert outcome.json["degraded"] is True
    assert ERROR in [line.severity for line in outcome.log]
    register(desk, service('on_cannot_judge = "down"'))
    assert said(run(desk, site.director)) == (1, "cannot-judge", None)


def test_a_server_that_had_no_check_is_left_to_a_connection(desk: Desk, site: Site) -> None:
    register(desk, service('standby = "raw"\ntimeout = 1', check='kind = "smtp"'))
    desk.become = WITHOUT_NET_RAW
    assert said(run(desk, site.director)) == (0, "ok", "standard")
    register(desk, service("timeout = 0.5", check='kind = "smtp"'))
    assert said(run(desk, site.director)) == (1, "timeout", "standard")


# What it costs.

OF_TOMLLIB = {"collections", "contextlib", "datetime", "enum", "functools", "re", "tomllib", "typing"}


def test_a_passing_check_loads_little_besides_the_toml_parser(desk: Desk, site: Site) -> None:
    register(desk, service())
    command = [sys.executable, "-I", "-S", "-c", TELL, str(LAUNCHER), "run", *desk.own_folders(), CHECK]
    site.director.run(command)  # after it the kernel has its neighbour entry
    _, status, modules = site.director.run(command).stdout.splitlines()
    loaded = set(json.loads(modules))
    assert (status, "lvs_rawcheck.checks.driver" in loaded) == ("0", True)
    assert loaded & (FORBIDDEN - OF_TOMLLIB) == set()
    assert "dataclasses" not in loaded


# What it leaves behind.


def last_line(desk: Desk) -> list[str]:
    path = desk.state / "last" / "web" / REAL_IP
    assert path.stat().st_mode & 0o777 == 0o644
    line = path.read_text()
    assert line.endswith("\n")
    return line.split()


def test_the_last_verdict(desk: Desk, site: Site) -> None:
    role_file = desk.file("VI_1", "1")
    register(desk, service(f'role_file = "{role_file}"'))
    before = int(uptime())
    run(desk, site.director)
    written, *others = last_line(desk)
    assert before <= int(written) <= int(uptime())
    assert others == ["0", "0", "raw", "1", str(role_file), "ok"]
    role_file.write_text("0")
    register(desk, service(f'role_file = "{role_file}"', endpoints=[f"{VIP}:{CLOSED_PORT}"]))
    run(desk, site.director)
    assert last_line(desk)[1:] == ["0", "1", "standard", "0", str(role_file), "refused"]
    register(desk, service('on_cannot_judge = "down"'))
    desk.become = WITHOUT_NET_RAW
    run(desk, site.director)
    assert last_line(desk)[1:] == ["0", "1", "-", "-", "-", "cannot-judge"]
    assert [path.name for path in (desk.state / "last" / "web").iterdir()] == [REAL_IP]


def test_the_last_verdict_of_who_gives_up_root(desk: Desk, site: Site) -> None:
    register(desk, service())
    desk.mount("/etc/passwd", "root:x:0:0::/:/bin/sh\nlvs-rawcheck:x:4711:4712::/:/bin/false\n")
    for _ in range(2):
        assert run(desk, site.director).status == 0
    folder = desk.state / "last" / "web"
    assert (folder.stat().st_uid, (folder / REAL_IP).stat().st_uid) == (4711, 4711)
    assert ((desk.state / "last").stat().st_uid, desk.state.stat().st_uid) == (0, 0)
    assert last_line(desk)[2:] == ["0", "raw", "-", "-", "ok"]
    register(desk, service('on_cannot_judge = "down"\ninterface = "eth9"'))
    assert run(desk, site.director).json["reason"] == "cannot-judge"
    assert last_line(desk)[2:] == ["1", "-", "-", "-", "cannot-judge"]
    assert (folder / REAL_IP).stat().st_uid == 4711
    register(desk, service())
    desk.mounts.clear()  # that user is gone: the folder is root's again
    run(desk, site.director)
    assert ((folder / REAL_IP).stat().st_uid, last_line(desk)[3]) == (0, "raw")


@pytest.mark.parametrize("spoiled", ["state", "state/last", "state/last/web", "state/last/web/10.0.0.42"])
def test_a_last_verdict_that_cannot_be_written_changes_no_verdict(desk: Desk, site: Site, spoiled: str) -> None:
    place = desk.folder / spoiled
    place.parent.mkdir(parents=True, exist_ok=True)
    elsewhere = desk.folder / "elsewhere"
    elsewhere.mkdir()
    if spoiled == "state":
        place.write_text("a file")
    else:
        place.symlink_to(elsewhere)
    register(desk, service())
    assert said(run(desk, site.director)) == (0, "ok", "raw")
    assert list(elsewhere.iterdir()) == []


def test_as_nobody(desk: Desk, site: Site) -> None:
    register(desk, service())
    desk.become = NOBODY
    outcome = run(desk, site.director)
    assert said(outcome) == (0, "ok", "standard")
    assert not (desk.state / "last").exists()


def test_a_signal_before_the_verdict(desk: Desk, site: Site) -> None:
    register(desk, service("timeout = 10", endpoints=[f"{VIP}:{PORT}"], address=NOBODY_IP))
    child = desk.start(site.director, "lvs-rawcheck", "run", *desk.own_folders(), f"web/{NOBODY_IP}")
    wait_until(lambda: len(os.listdir(f"/proc/{child.pid}/fd")) > 6, "it has its sockets")
    child.send_signal(signal.SIGTERM)
    assert desk.finish(child).status == 1


# Modes.


def mode(desk: Desk, text: str) -> None:
    (desk.state / "mode").mkdir(parents=True, exist_ok=True)
    (desk.state / "mode" / "web").write_text(text)


def test_standard_sends_no_raw_probe(desk: Desk, site: Site) -> None:
    register(desk, service(endpoints=[f"{LOST_VIP}:{PORT}"]))
    mode(desk, "standard -\n")
    outcome = run(desk, site.director)
    assert said(outcome) == (0, "ok", "standard")
    assert (outcome.json["mode"], "degraded" in outcome.json) == ("standard", False)


def test_the_file_goes_before_the_registry_while_it_holds(desk: Desk, site: Site) -> None:
    register(desk, service('mode = "standard"'))
    assert said(run(desk, site.director)) == (0, "ok", "standard")
    mode(desk, f"enforce {int(uptime()) + 100}\n")
    assert said(run(desk, site.director)) == (0, "ok", "raw")
    mode(desk, f"enforce {int(uptime()) - 1}\n")
    assert said(run(desk, site.director)) == (0, "ok", "standard")


@pytest.mark.parametrize("text", ["", "off -\n", "standard\n", "standard 12x\n", "standard -1\n", "\0" * 1000, "é -\n"])
def test_a_mode_that_cannot_be_read_is_not_followed(desk: Desk, site: Site, text: str) -> None:
    register(desk, service())
    mode(desk, text)
    outcome = run(desk, site.director)
    assert said(outcome) == (0, "ok", "raw")
    assert [line.severity for line in outcome.log][:1] == [ERROR]
    assert outcome.log[0].text.startswith("mode file of web: ")


def test_observe_answers_with_the_standard_check(desk: Desk, site: Site) -> None:
    register(desk, service('mode = "observe"\ntimeout = 0.5', endpoints=[f"{LOST_VIP}:{PORT}"]))
    outcome = run(desk, site.director)
    assert said(outcome) == (0, "ok", "standard")
    observed = outcome.json["observed"]
    assert (observed["healthy"], observed["reason"], observed["path"]) == (False, "no-answer", "raw")
    assert [line.severity for line in outcome.log] == [WARNING]
    assert "(only observed)" in outcome.log[0].text
    assert last_line(desk)[2:4] == ["0", "standard"]
    assert outcome.json["elapsed_ms"] < 400  # it had all of the time
    assert run(desk, site.director).log == []
    since, passed, failed, latest, reason = (desk.state / "observed" / "web" / REAL_IP).read_text().split()
    assert (passed, failed, reason) == ("0", "2", "no-answer")
    assert 0 < int(since) <= int(latest) <= uptime()


def test_observe_a_server_that_only_the_raw_check_likes(desk: Desk, site: Site) -> None:
    standby = f'[[real_server.standby_check]]\nkind = "tcp"\nconnect_port = {CLOSED_PORT}'
    register(desk, service('mode = "observe"', standby))
    outcome = run(desk, site.director)
    assert said(outcome) == (1, "refused", "standard")
    assert outcome.json["observed"]["healthy"] is True
    assert (desk.state / "observed" / "web" / REAL_IP).read_text().split()[1:3] == ["1", "0"]


def test_observe_on_a_backup_there_is_nothing_to_observe(desk: Desk, site: Site) -> None:
    register(desk, service('mode = "observe"\nrole_file = "auto"'))
    outcome = run(desk, site.standby)
    assert (said(outcome), "observed" in outcome.json) == ((0, "ok", "standard"), False)


def test_observe_what_cannot_be_judged(desk: Desk, site: Site) -> None:
    register(desk, service('mode = "observe"'))
    desk.become = WITHOUT_NET_RAW
    outcome = run(desk, site.director)
    assert said(outcome) == (0, "ok", "standard")
    assert outcome.json["observed"]["reason"] == "cannot-judge"
