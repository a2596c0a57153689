# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate ldirectord FILE` without --write: plan, diff, --json, --check as a gate, and bad input."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.generate.folder_site import outcome_of
from tests.generate.ldirectord.folder_site import CONFIGURATION, MAIL, WEB, LdirectordSite


@pytest.fixture
def site(tmp_path: Path) -> LdirectordSite:
    return LdirectordSite(tmp_path)


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    yield
    gc.enable()  # the command ends its process


def test_changes_are_planned_and_nothing_is_written(site: LdirectordSite) -> None:
    before = site.tree()
    outcome = site.run()
    assert (outcome.status, outcome.stderr) == (1, "")
    for part in (
        "raw http 192.0.2.1:80",
        "negotiate http",
        f"+++ {site.conf} (planned)",
        "-\tchecktype=negotiate",
        f'+\tcheckcommand="{site.wrapper()}"',
        f"service files to be written in {site.services}: {WEB}, {MAIL}",
        f"programs to be written: {site.wrapper(WEB)}, {site.wrapper(MAIL)}",
        "fork=no: to each time comes",
        "checks a second",
    ):
        assert part in outcome.stdout, part
    assert site.tree() == before


def test_the_diff_is_that_of_the_result(site: LdirectordSite) -> None:
    planned = site.run().stdout.partition("--- ")[2]
    removed, added = ([line[1:] for line in planned.splitlines() if line.startswith(sign)] for sign in "-+")
    before = site.conf.read_text().splitlines()
    assert site.write().status == 0
    after = site.conf.read_text().splitlines()
    assert set(removed) == set(before) - set(after)
    assert set(after) - set(before) < set(added)


def test_json_has_the_shape_that_keepalived_s_has(site: LdirectordSite) -> None:
    outcome = site.run("--json")
    assert outcome.status == 1
    found = outcome.json
    assert list(found) == ["file", "changes", "skipped", "warnings"]
    assert found["file"] == str(site.conf)
    assert [change["virtual_server"] for change in found["changes"]] == [*["tcp:192.0.2.1:80"] * 2, "tcp:192.0.2.2:25"]
    assert found["changes"][1] == {
        "virtual_server": "tcp:192.0.2.1:80",
        "real_server": "192.0.2.12:80",
        "line": 9,
        "before": ["negotiate http"],
        "after": [f"raw http 192.0.2.1:80 ({WEB}/192.0.2.12)"],
    }


def test_what_is_left_is_said_with_its_reason(site: LdirectordSite) -> None:
    site.conf.write_text(CONFIGURATION.replace("192.0.2.12:80 gate", "192.0.2.12:80 masq"))
    skipped = site.run("--json").json["skipped"]
    assert [list(each) for each in skipped] == [["virtual_server", "real_server", "line", "reason"]] * 2
    assert "masq" in skipped[1]["reason"]


def test_nothing_to_do(site: LdirectordSite) -> None:
    assert site.run("--check").status == 1
    assert site.write().status == 0
    again = site.run()
    assert again.status == 0
    assert "+++" not in again.stdout
    gate = site.run("--check")
    assert (gate.status, gate.stderr) == (0, "")
    assert "+++" not in gate.stdout


def remove_wrapper(site: LdirectordSite) -> None:
    site.wrapper().unlink()


def edit_wrapper(site: LdirectordSite) -> None:
    site.wrapper().write_text("#!/bin/sh\nexit 0\n")


def forbid_wrapper(site: LdirectordSite) -> None:
    site.wrapper().chmod(0o644)


def open_wrapper_to_all(site: LdirectordSite) -> None:
    site.wrapper().chmod(0o777)


def remove_service(site: LdirectordSite) -> None:
    site.service_file().unlink()


def add_server(site: LdirectordSite) -> None:
    text = site.conf.read_text()
    site.conf.write_text(text.replace("\treal=192.0.2.12", "\treal=192.0.2.13:80 gate\n\treal=192.0.2.12"))


def take_server_from_registry(site: LdirectordSite) -> None:
    path = site.service_file()
    path.write_text(path.read_text().replace("192.0.2.12", "192.0.2.19"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (remove_wrapper, "programs to be written: {wrapper}"),
        (edit_wrapper, "programs to be written: {wrapper}"),
        (forbid_wrapper, "programs to be written: {wrapper}"),
        (open_wrapper_to_all, "programs to be written: {wrapper}"),
        (remove_service, f"service files to be written in {{services}}: {WEB}"),
        (add_server, f"service files to be written in {{services}}: {WEB}"),
        (add_server, f"{WEB}/192.0.2.13: the configuration calls this check already, and until its service file is"),
        (take_server_from_registry, f"{WEB}/192.0.2.12: the service file was edited, is kept, and has no such real"),
    ],
)
def test_the_gate_is_shut(site: LdirectordSite, fault: Callable[[LdirectordSite], None], said: str) -> None:
    assert site.write().status == 0
    fault(site)
    outcome = site.run("--check")
    assert outcome.status == 1
    assert said.format(wrapper=site.wrapper(), services=site.services) in outcome.stdout


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (remove_wrapper, "{wrapper}: the configuration calls it, and it cannot be run"),
        (forbid_wrapper, "{wrapper}: the configuration calls it, and it cannot be run"),
        (remove_service, f"{WEB}/192.0.2.11: a stanza names it, and the registry has no such check"),
        (take_server_from_registry, f"{WEB}/192.0.2.12: a stanza names it, and the registry has no such check"),
    ],
)
def test_the_gate_is_shut_for_what_the_plan_leaves_too(
    site: LdirectordSite, fault: Callable[[LdirectordSite], None], said: str
) -> None:
    assert site.write().status == 0
    assert site.run("--check", "--exclude", "192.0.2.1").status == 0
    fault(site)
    for words in (("--check",), ()):
        outcome = site.run("--exclude", "192.0.2.1", *words)
        assert outcome.status == 1
        assert said.format(wrapper=site.wrapper()) in outcome.stdout
    refused = site.write("--exclude", "192.0.2.1")
    assert refused.status == 1
    assert said.format(wrapper=site.wrapper()).partition(",")[0] in refused.stderr


@pytest.mark.parametrize(
    ("opening", "line", "proven", "forwarded"),
    [
        ("virtual=192.0.2.9:80", "", "tcp 192.0.2.1:80", "tcp 192.0.2.9:80"),
        ("virtual=192.0.2.1:81", "", "tcp 192.0.2.1:80", "tcp 192.0.2.1:81"),
        ("virtual=192.0.2.1:80", "\tprotocol=udp\n", "tcp 192.0.2.1:80", "udp 192.0.2.1:80"),
        ("virtual=7", "", "tcp 192.0.2.1:80", "tcp 192.0.2.9:82"),
    ],
)
def test_a_virtual_that_another_one_s_checks_decide_for(
    site: LdirectordSite, opening: str, line: str, proven: str, forwarded: str
) -> None:
    """Copied by hand without our comments: it would be up as long as the other VIP works."""
    assert site.write().status == 0
    call = f'\tchecktype=external\n\tcheckcommand="{site.wrapper()}"\n'
    with site.conf.open("a") as file:
        file.write(f"\n{opening}\n\treal=192.0.2.11:80 gate\n{line}{call}")
    number = site.conf.read_text().splitlines().index(opening, 10) + 1
    said = f"{site.conf}:{number}:1: virtual "
    words = ("--fwmark", "7=192.0.2.9:82") if opening == "virtual=7" else ()
    for outcome in (site.run("--check", *words), site.run(*words)):
        assert outcome.status == 1
        assert said in outcome.stdout
        assert f" calls {WEB}, which checks {proven} and not {forwarded}: " in outcome.stdout
    refused = site.write(*words)
    assert (refused.status, said in refused.stderr) == (1, True)


def test_a_service_of_the_site_s_own_may_be_called(site: LdirectordSite) -> None:
    assert site.write().status == 0
    text = site.service_file().read_text()
    site.service_file("own").write_text(text.replace('"192.0.2.1:80"', '"192.0.2.1:80", "192.0.2.9:80"'))
    site.wrapper("own").symlink_to(WEB)
    with site.conf.open("a") as file:
        file.write("\nvirtual=192.0.2.9:80\n\treal=192.0.2.11:80 gate\n\tchecktype=external\n")
        file.write(f'\tcheckcommand="{site.wrapper("own")}"\n')
    outcome = site.run("--check")
    assert (outcome.status, "calls" in outcome.stdout) == (0, False)


BROKEN = [
    ("no such directive", "# one\nnonsense=1\n", ":2:"),
    ("a blank line ends the block", "virtual=192.0.2.1:80\n\n\treal=192.0.2.11:80 gate\n", ":3:"),
    ("no method", "virtual=192.0.2.1:80\n\treal=192.0.2.11:80\n", ":2:"),
    ("fwmark 10, silently", "virtual=10.0.0.1\n\treal=192.0.2.11:80 gate\n", ":1:"),
    ("a trailing comment", "quiescent=yes # always\n", ":1:"),
    ("NULs", "\0\0\0\nvirtual=192.0.2.1:80\n", ":1:"),
    ("no path as its author meant it", 'virtual=192.0.2.1:80\n\tcheckcommand="/a#b"\n\tchecktype=external\n', ":2:"),
]


@pytest.mark.parametrize(("text", "place"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN])
@pytest.mark.parametrize("words", [(), ("--check",), ("--write",), ("--revert", "--write")])
def test_a_broken_file_has_a_place_and_stays_as_it_is(
    site: LdirectordSite, text: str, place: str, words: tuple[str, ...]
) -> None:
    site.conf.write_text(text + CONFIGURATION)
    before = site.tree()
    outcome = site.run(*words)
    assert site.tree() == before
    if "--revert" in words:
        assert (outcome.status, outcome.stdout) == (0, "there is nothing to put back\n")
        return
    assert outcome.status == 2
    assert outcome.stdout == ""
    assert outcome.stderr.startswith(f"lvs-rawcheck: {site.conf}{place}")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [(), ("--write",), ("--revert",), ("--revert", "--write")])
def test_a_file_that_cannot_be_read(site: LdirectordSite, words: tuple[str, ...]) -> None:
    fifo = site.folder / "fifo"
    os.mkfifo(fifo)
    for path in (site.folder, site.folder / "missing.cf", site.conf / "below", fifo):
        outcome = site.run(*words, file=path)
        assert (outcome.status, outcome.stdout) == (2, "")
        assert str(path) in outcome.stderr
        assert "internal error" not in outcome.stderr
        assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ldirectord"], "keepalived|ldirectord FILE"),
        (["ldirectord", "/a", "/b"], "keepalived|ldirectord FILE"),
        (["ldirectord", "/a", "--style", "inline"], "--style goes with `generate keepalived`"),
        (["ldirectord", "/a", "--config-id", "lb1"], "--config-id goes with `generate keepalived`"),
        (["ldirectord", "/a", "--keepalived-version", "2.2.7"], "--keepalived-version goes with"),
        (["ldirectord", "/a", "--keep-existing"], "--keep-existing goes with `generate keepalived`"),
        (["ldirectord", "/a", "--user", "nobody"], "--user goes with `generate keepalived`"),
        (["ldirectord", "/a", "--program", "/bin/true"], "--program goes with `generate keepalived`"),
        (["keepalived", "/a", "--role-file", "/run/role"], "--role-file goes with `generate ldirectord`"),
        (["keepalived", "/a", "--wrappers", "/w"], "--wrappers goes with `generate ldirectord`"),
        (["ldirectord", "/a", "--role-file", "relative"], "--role-file"),
        (["ldirectord", "/a", "--wrappers", "relative"], "--wrappers"),
        (["ldirectord", "/a", "--wrappers", "/a#b"], "ldirectord would not take this path"),
        (["ldirectord", "/a", "--wrappers", "/a b"], "ldirectord would not take this path"),
        (["ldirectord", "/a", "--fwmark", "7"], "--fwmark"),
        (["ldirectord", "/a", "--root", "/nowhere"], "no folder"),
        (["ldirectord", "/a", "--write", "--check"], "does not go with --write"),
        (["ldirectord", "/a", "--force"], "--force goes with --write"),
    ],
)
def test_wrong_options(words: list[str], said: str) -> None:
    outcome = outcome_of(*words)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert said in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_role_file_is_what_the_checks_read(site: LdirectordSite) -> None:
    assert site.write("--role-file", "/run/lvs-rawcheck/role/web").status == 0
    assert 'role_file = "/run/lvs-rawcheck/role/web"' in site.service_file().read_text()
    assert site.run("--check").status == 1  # auto, as long as the same is not said again
    assert site.run("--check", "--role-file", "/run/lvs-rawcheck/role/web").status == 0
