# SPDX-License-Identifier: GPL-2.0-or-later
"""What cannot be meant, or cannot be done: one clear sentence on stderr and in syslog, exit 1, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.commands import ERROR, NOBODY, WITHOUT_NET_RAW, Desk, Outcome
from tests.cli.site import CLOSED_PORT, PORT, REAL_IP, REAL_IP6, VIP, VIP6, Site

pytestmark = pytest.mark.netns

SENTENCE_OCTETS = 400


def assert_refused(outcome: Outcome, *words: str) -> None:
    """One sentence, the same in both places; the words are in it."""
    assert outcome.status == 1
    assert outcome.stdout == ""
    sentence = outcome.stderr.removesuffix("\n")
    assert "\n" not in sentence
    assert len(sentence) < SENTENCE_OCTETS
    assert "Traceback" not in sentence
    for word in words:
        assert word in sentence
    assert [line.severity for line in outcome.log] == [ERROR]
    program, _, said = sentence.partition(": ")
    assert program in ("lvs-rawcheck", "check_tcp_raw")
    assert outcome.log[0].text == said
    assert said.startswith("cannot-judge: ")


# What is wrong with the words of either command line; {} stands where they differ.
WORDS: dict[str, tuple[list[str | bytes], str]] = {
    "no arguments": ([], "wanted: REAL_SERVER VIP"),
    "one argument": ([REAL_IP], "wanted: REAL_SERVER VIP"),
    "four arguments": ([REAL_IP, VIP, PORT, PORT], "wanted: REAL_SERVER VIP"),
    "no port": ([REAL_IP, VIP], "no port given for VIP 10.0.0.100"),
    "empty real server": (["", VIP, PORT], "not an IPv4 or IPv6 address: ''"),
    "empty VIP": ([REAL_IP, "", PORT], "not an IPv4 or IPv6 address: ''"),
    "empty port": ([REAL_IP, VIP, ""], "not a port (1 to 65535): ''"),
    "empty VIP among others": ([REAL_IP, f"{VIP},,{VIP}", PORT], "not an IPv4 or IPv6 address: ''"),
    "bad address": (["10.0.0.256", VIP, PORT], "'10.0.0.256'"),
    "short address": (["10.1", VIP, PORT], "'10.1'"),
    "leading zero": (["010.0.0.42", VIP, PORT], "'010.0.0.42'"),
    "bad VIP": ([REAL_IP, "10.0.0", PORT], "'10.0.0'"),
    "host name": (["web.example.com", VIP, PORT], "'web.example.com'"),
    "zone": (["fe80::1%eth0", VIP6, PORT], "'fe80::1%eth0'"),
    "zone of VIP": ([REAL_IP6, "[fe80::1%eth0]:80"], "'fe80::1%eth0'"),
    "open bracket": ([REAL_IP6, f"[{VIP6}:80"], "brackets"),
    "families differ": ([REAL_IP6, VIP, PORT], "not of the real server's family"),
    "families of VIPs differ": ([REAL_IP, f"{VIP}:80,[{VIP6}]:80"], "not of the real server's family"),
    "VIP of nobody": ([REAL_IP, "0.0.0.0", PORT], "no host can have this address"),
    "VIP of a group": ([REAL_IP, "224.0.0.1", PORT], "no host can have this address"),
    "real server of a group": (["ff02::1", VIP6, PORT], "no host can have this address"),
    "real server is everybody": (["255.255.255.255", VIP, PORT], "no host can have this address"),
    "real server is the VIP": ([VIP, VIP, PORT], "the same address"),
    "port 0": ([REAL_IP, VIP, "0"], "'0'"),
    "port 65536": ([REAL_IP, VIP, "65536"], "'65536'"),
    "port of VIP 0": ([REAL_IP, f"{VIP}:0"], "'0'"),
    "service name": ([REAL_IP, VIP, "http"], "'http'"),
    "port with sign": ([REAL_IP, VIP, "+80"], "'+80'"),
    "port in other digits": ([REAL_IP, VIP, "\uff18\uff10"], "\uff18\uff10"),
    "negative timeout": (["-t", "-5", REAL_IP, VIP, PORT], "option -t: not a time in seconds"),
    "no time at all": (["-t", "0", REAL_IP, VIP, PORT], "option -t: not a time in seconds"),
    "timeout of a year": (["--timeout=31536000", REAL_IP, VIP, PORT], "at most 300"),
    "timeout not a number": (["-t", "nan", REAL_IP, VIP, PORT], "'nan'"),
    "infinite timeout": (["-t", "inf", REAL_IP, VIP, PORT], "'inf'"),
    "empty timeout": (["-t", "", REAL_IP, VIP, PORT], "not a time in seconds"),
    "unknown option": (["--fast", REAL_IP, VIP, PORT], "unknown option --fast"),
    "unknown letter": (["-vx", REAL_IP, VIP, PORT], "unknown option -x"),
    "option without value": ([REAL_IP, VIP, PORT, "-t"], "option -t needs a value"),
    "value without need": (["--json=yes", REAL_IP, VIP, PORT], "option --json takes no value"),
    "bad source": (["-s", "10.0.0", REAL_IP, VIP, PORT], "option -s: not an IPv4 or IPv6 address"),
    "source of the other family": (["-s", "::1", REAL_IP, VIP, PORT], "not of the real server's family"),
    "source is mapped": (["-s", "::ffff:10.0.0.21", REAL_IP6, VIP6, PORT], "write this IPv4 address as IPv4"),
    "source of nobody": (["-s", "0.0.0.0", REAL_IP, VIP, PORT], "source 0.0.0.0: no host can have this address"),
    "VIP is loopback": ([REAL_IP, "127.0.0.1", PORT], "VIP 127.0.0.1: a loopback address"),
    "bad word": (["--standby", "maybe", REAL_IP, VIP, PORT], "not one of fallback, raw"),
    "bad MAC": (["--reply-mac", "02:00", REAL_IP, VIP, PORT], "not a MAC address"),
    "empty interface": (["-i", "", REAL_IP, VIP, PORT], "not an interface name: ''"),
    "long interface": (["-i", "a" * 16, REAL_IP, VIP, PORT], "not an interface name"),
    "not UTF-8": ([b"\xff\xfe", VIP, PORT], "not an IPv4 or IPv6 address"),
    "an argument of 100 kB": (["1" * 100_000, VIP, PORT], "not an IPv4 or IPv6 address: '1111"),
    "an option of 100 kB": (["--" + "x" * 100_000], "unknown option --xxxx"),
    "a newline": (["10.0.0.42\n", VIP, PORT], r"'10.0.0.42\n'"),
    "a newline in an option": (["--a\nb", VIP, PORT], r"--a\nb"),
}


@pytest.mark.parametrize("name", WORDS)
def test_words_that_cannot_be_meant(desk: Desk, name: str) -> None:
    words, told = WORDS[name]
    assert_refused(desk.check(None, *words), told)


@pytest.mark.parametrize("name", ["empty real server", "port 0", "unknown option", "not UTF-8"])
def test_json_says_that_it_cannot_be_judged(desk: Desk, name: str) -> None:
    words, told = WORDS[name]
    outcome = desk.check(None, "--json", *words)
    assert outcome.status == 1
    assert outcome.stderr == f"lvs-rawcheck: cannot-judge: {outcome.json['detail']}\n"
    assert outcome.json["healthy"] is False
    assert outcome.json["reason"] == "cannot-judge"
    assert outcome.json["path"] is None
    assert told in outcome.json["detail"]
    assert [line.severity for line in outcome.log] == [ERROR]


@pytest.mark.parametrize("kind", ["", "smtpd", "--json"])
def test_no_such_kind(desk: Desk, kind: str) -> None:
    outcome = desk.run(None, "lvs-rawcheck", "check", kind, REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert "kind of check" in outcome.stderr or outcome.json["reason"] == "cannot-judge"


@pytest.mark.parametrize("arguments", [[], ["destroy"], [""], [b"\xff"]])
def test_no_such_command(desk: Desk, arguments: list[str | bytes]) -> None:
    outcome = desk.run(None, "lvs-rawcheck", *arguments)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert "usage: lvs-rawcheck COMMAND" in outcome.stderr
    assert "Traceback" not in outcome.stderr


SLIPS = [
    ["lvs-rawcheck", "--help", "check"],
    ["lvs-rawcheck", "--version", "check"],
    ["lvs-rawcheck", "-V", "-V"],
    ["lvs-rawcheck", "check", "--help", REAL_IP, VIP, PORT],
    ["lvs-rawcheck", "check", "-?", "tcp"],
    ["lvs-rawcheck", "check", "tcp", "-h", REAL_IP, VIP, PORT],
    ["lvs-rawcheck", "check", "tcp", REAL_IP, VIP, PORT, "--usage"],
    ["lvs-rawcheck", "explain", "-h", "tcp"],
    ["lvs-rawcheck", "explain", "tcp", "-h", REAL_IP, VIP, PORT],
    ["check_tcp_raw", "-h", "eth0", REAL_IP, VIP, PORT],
]


@pytest.mark.parametrize("words", SLIPS, ids=" ".join)
def test_help_in_the_place_of_a_check_keeps_no_server_in_the_pool(desk: Desk, words: list[str]) -> None:
    outcome = desk.run(None, *words)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert outcome.stderr


HELP = [
    *(["lvs-rawcheck", word] for word in ("-h", "--help", "-V", "--version")),
    *(["lvs-rawcheck", "check", word] for word in ("-h", "-?", "--help", "--usage")),
    ["lvs-rawcheck", "check", "tcp", "--help"],
    ["lvs-rawcheck", "explain", "tcp", "--help"],
    ["check_tcp_raw", "--help"],
]


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_that_stands_alone(desk: Desk, words: list[str]) -> None:
    outcome = desk.run(None, *words)
    assert (outcome.status, outcome.stderr, outcome.log) == (0, "", [])
    assert "lvs-rawcheck" in outcome.stdout or "check_tcp_raw" in outcome.stdout


DROP_IN_WORDS: dict[str, tuple[list[str | bytes], str]] = {
    "no arguments": ([], "wanted: IFACE REAL_SERVER VIRTUAL_IP PORT"),
    "three arguments": (["eth0", REAL_IP, VIP], "wanted: IFACE REAL_SERVER VIRTUAL_IP PORT"),
    "five arguments": (["eth0", REAL_IP, VIP, PORT, PORT], "wanted: IFACE REAL_SERVER VIRTUAL_IP PORT"),
    "empty words": (["eth0", "", VIP, PORT], "not an address, nor a host name: ''"),
    "empty interface": (["", REAL_IP, VIP, PORT], "not an interface name: ''"),
    "empty port": (["eth0", REAL_IP, VIP, ""], "not a port (1 to 65535): ''"),
    "bad address": (["eth0", "10.0.0.256", VIP, PORT], "'10.0.0.256'"),
    "octal address": (["eth0", "010.0.0.42", VIP, PORT], "'010.0.0.42'"),
    "hexadecimal address": (["eth0", "0x0a00002a", VIP, PORT], "'0x0a00002a'"),
    "zone": (["eth0", "fe80::1%eth0", VIP6, PORT], "'fe80::1%eth0'"),
    "families differ": (["eth0", REAL_IP, VIP6, PORT], "not of the real server's family"),
    "port 0": (["eth0", REAL_IP, VIP, "0"], "'0'"),
    "port 65536": (["eth0", REAL_IP, VIP, "65536"], "'65536'"),
    "negative timeout": (["-t", "-5", "eth0", REAL_IP, VIP, PORT], "not a time in milliseconds"),
    "timeout of a word": (["--timeout=soon", "eth0", REAL_IP, VIP, PORT], "not a time in milliseconds"),
    "timeout of 49 days": (["-t", "4294967291", "eth0", REAL_IP, VIP, PORT], "not a time in milliseconds"),
    "an option of ours": (["--json", "eth0", REAL_IP, VIP, PORT], "unknown option --json"),
    "not UTF-8": (["eth0", b"\xff\xfe", VIP, PORT], "not an address, nor a host name"),
    "a name of 100 kB": (["eth0", "a" * 100_000, VIP, PORT], "not an address, nor a host name: 'aaaa"),
    "a service of 100 kB": (["eth0", REAL_IP, VIP, "a" * 100_000], "not a port, nor a service name: 'aaaa"),
    "a number of 100 kB": (["eth0", REAL_IP, VIP, "8" * 100_000], "not a port (1 to 65535): '888"),
}


@pytest.mark.parametrize("name", DROP_IN_WORDS)
def test_words_that_the_drop_in_cannot_mean(desk: Desk, name: str) -> None:
    words, told = DROP_IN_WORDS[name]
    assert_refused(desk.drop_in(None, *words), told)


# What is wrong with this host.


def assert_not_judged(outcome: Outcome, sentence: str) -> None:
    assert (outcome.status, outcome.stdout) == (1, "")
    program, _, said = outcome.stderr.partition(": ")
    assert program in ("lvs-rawcheck", "check_tcp_raw")
    assert said.startswith(f"cannot-judge: {sentence}")
    assert [f"{line.text}\n" for line in outcome.log] == [f"{VIP}:{PORT} via {REAL_IP} down: {said}"]


def test_unknown_interface(desk: Desk, site: Site) -> None:
    assert_not_judged(desk.check(site.director, "-i", "eth9", REAL_IP, VIP, PORT), "no interface eth9")
    assert_not_judged(desk.drop_in(site.director, "eth9", REAL_IP, VIP, PORT), "no interface eth9")


def test_interface_that_is_not_ethernet(desk: Desk, site: Site) -> None:
    assert_not_judged(desk.check(site.director, "-i", "lo", REAL_IP, VIP, PORT), "")


def test_json_and_several_vips_say_it_once_on_stderr(desk: Desk, site: Site) -> None:
    for options in ((), ("--json",)):
        outcome = desk.check(site.director, *options, "-i", "eth9", REAL_IP, f"{VIP},10.0.0.101", PORT)
        assert (outcome.status, outcome.stderr) == (1, "lvs-rawcheck: cannot-judge: no interface eth9\n")
        assert (outcome.json["reason"] == "cannot-judge") if options else (outcome.stdout == "")


def test_explain_says_it_on_stderr_too(desk: Desk, site: Site) -> None:
    for options in ((), ("--json",)):
        words = ["explain", "tcp", *desk.own_folders(), *options, "-i", "eth9", REAL_IP, VIP, PORT]
        outcome = desk.run(site.director, "lvs-rawcheck", *words)
        assert outcome.status == 1
        assert "lvs-rawcheck: cannot-judge: no interface eth9\n" in outcome.stderr


def test_a_note_is_said_on_stderr_beside_the_object(desk: Desk, site: Site) -> None:
    outcome = desk.check(site.director, "--json", "-r", "/nonexistent", REAL_IP, VIP, PORT)
    assert (outcome.status, outcome.json["role"]) == (0, "backup")
    note = "role file '/nonexistent': No such file or directory; taken as backup"
    assert outcome.stderr == f"lvs-rawcheck: {note}\n"
    assert outcome.log[0].text == note


@pytest.mark.parametrize("become", [NOBODY, WITHOUT_NET_RAW], ids=["nobody", "root without the capability"])
def test_no_permission(desk: Desk, site: Site, become: tuple[str, ...]) -> None:
    desk.become = become
    outcome = desk.check(site.director, "--json", REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert outcome.json["reason"] == "cannot-judge"
    assert outcome.json["path"] is None
    assert "permi" in outcome.json["detail"]  # "no permission to ...", "... not permitted"
    assert len(outcome.log) == 1


@pytest.mark.parametrize(("port", "reason"), [(PORT, "ok"), (CLOSED_PORT, "refused")])
def test_standard_check_where_the_raw_one_cannot_judge(desk: Desk, site: Site, port: str, reason: str) -> None:
    desk.become = WITHOUT_NET_RAW
    outcome = desk.check(site.director, "--on-cannot-judge", "standard", "--json", REAL_IP, VIP, port)
    assert outcome.status == (0 if reason == "ok" else 1)
    assert outcome.json["reason"] == reason
    assert outcome.json["path"] == "standard"
    assert outcome.json["degraded"] is True
    assert outcome.log[0].severity == ERROR
    assert "raw check not possible, standard check instead: " in outcome.log[0].text


def test_usage_errors_are_never_degraded(desk: Desk, site: Site) -> None:
    outcome = desk.check(site.director, "--on-cannot-judge", "standard", "--json", "-s", VIP, REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert outcome.json["reason"] == "cannot-judge"
    assert "degraded" not in outcome.json


@pytest.mark.parametrize("count", [4, 5, 6, 7])
def test_too_few_descriptors(desk: Desk, site: Site, count: int) -> None:
    """3 for the standard streams; a check wants rtnetlink, a guard, a packet socket and its stamp besides."""
    desk.become = ("prlimit", f"--nofile={count}", "--")
    for outcome in (
        desk.check(site.director, REAL_IP, VIP, PORT),
        desk.check(site.director, "--json", REAL_IP, VIP, PORT),
        desk.drop_in(site.director, "eth0", REAL_IP, VIP, "http"),
    ):
        assert outcome.status == 1
        assert "cannot-judge" in outcome.stdout + outcome.stderr
        assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("count", [5, 6, 7])
def test_too_few_descriptors_for_a_raw_check(desk: Desk, site: Site, count: int) -> None:
    desk.become = ("prlimit", f"--nofile={count}", "--")
    outcome = desk.check(site.director, "--on-cannot-judge", "standard", REAL_IP, VIP, PORT)
    assert outcome.status == 0
    assert "up (standard check: the raw one could not judge)" in outcome.stdout


def test_no_memory(desk: Desk, site: Site) -> None:
    desk.become = ("prlimit", "--as=15000000", "--")
    outcome = desk.check(site.director, REAL_IP, VIP, PORT)
    assert outcome.status in (0, 1)  # whether that is enough depends on the interpreter
    assert outcome.status == 0 or "up" not in outcome.stdout


# Role files that cannot be read: a backup's check, said so in the log.


def role_files(folder: Path) -> dict[str, Path]:
    made = {name: folder / f"role-{name}" for name in ("missing", "fifo", "directory", "empty", "loop")}
    os.mkfifo(made["fifo"])
    made["directory"].mkdir()
    made["empty"].touch()
    made["loop"].symlink_to(made["loop"])
    made["long"] = folder / ("x" * 5000)
    return made


@pytest.mark.parametrize("name", ["missing", "fifo", "directory", "empty", "loop", "long"])
def test_role_file_that_says_nothing(desk: Desk, site: Site, name: str) -> None:
    path = role_files(desk.folder)[name]
    outcome = desk.check(site.director, "--json", "-r", str(path), REAL_IP, VIP, PORT)
    assert outcome.status == 0
    assert (outcome.json["path"], outcome.json["role"]) == ("standard", "backup")
    assert outcome.log[0].severity == ERROR
    assert outcome.log[0].text.startswith("role file '")
    assert outcome.log[0].text.endswith("; taken as backup")
    assert len(outcome.log[0].text) < SENTENCE_OCTETS


def test_role_file_that_may_not_be_read(desk: Desk, site: Site) -> None:
    path = desk.file("role", "1")
    path.chmod(0o600)
    desk.become = NOBODY
    outcome = desk.check(site.director, "-r", str(path), REAL_IP, VIP, PORT)
    assert outcome.status == 0
    assert f"lvs-rawcheck: role file '{path}': Permission denied; taken as backup" in outcome.stderr
