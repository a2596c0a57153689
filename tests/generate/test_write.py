# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan put into place: files whole or not at all, in an order that is safe at every step, nothing else touched."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from glob import glob
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.generate.commands import RELOAD_DAEMON
from lvs_rawcheck.generate.replace import found_in, opened_folder, put
from lvs_rawcheck.generate.write import Changes, FileChange, WriteFailed, WriteRefused, Written, write
from lvs_rawcheck.registry.write import UNTOUCHED, condition, seal
from tests.generate.folder_site import CONFIGURATION, FolderSite

OLD, NEW = b"old\n" * 400, b"new, and longer\n" * 400
TIME = "2026-01-02T03-04-05Z"
OWNER = 12345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files of other owners")


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    return FolderSite(tmp_path)


class Folder:
    """A configuration of two files and a registry, and the changes to all of them."""

    def __init__(self, folder: Path) -> None:
        self.services = folder / "services.d"
        self.services.mkdir(parents=True)
        self.included, self.main = folder / "included.conf", folder / "main.conf"
        self.service = self.services / "tcp-1.toml"
        for path in (self.included, self.main, self.service):
            path.write_bytes(OLD)
        planned_with = {str(self.included): OLD, str(self.main): OLD}
        self.changes = Changes(
            str(self.services),
            {"tcp-1": NEW, "tcp-2": NEW},
            {"tcp-1": OLD},
            [FileChange(str(self.included), OLD, NEW), FileChange(str(self.main), OLD, NEW)],
            planned_with,
        )

    def written(self) -> Written:
        written = Written()
        write(self.changes, TIME, written, lambda: None)
        return written

    def state(self) -> tuple[bytes | None, ...]:
        paths = (self.service, self.services / "tcp-2.toml", self.included, self.main)
        return tuple(path.read_bytes() if path.exists() else None for path in paths)


def test_everything_is_written_and_what_was_there_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    written = folder.written()
    assert folder.state() == (NEW, NEW, NEW, NEW)
    assert written.services == ["tcp-1", "tcp-2"]
    assert written.configuration == [str(folder.included), str(folder.main)]
    assert [Path(backup).read_bytes() for _, backup in written.backups] == [OLD, OLD]
    assert [(folder.services / backup).read_bytes() for _, backup in written.service_backups] == [OLD]


def test_no_wildcard_of_an_include_matches_what_is_left_behind(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    before = {*glob(f"{tmp_path}/*"), *glob(f"{tmp_path}/*.conf*")}
    written = folder.written()
    assert {*glob(f"{tmp_path}/*"), *glob(f"{tmp_path}/*.conf*")} == before
    assert len(written.backups) == 2


def test_backups_of_one_second_do_not_replace_one_another(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first = folder.written()
    folder.changes.services_found, folder.changes.planned_with = {"tcp-1": NEW, "tcp-2": NEW}, {}
    folder.changes.configuration = [FileChange(str(folder.main), NEW, OLD)]
    second = folder.written()
    assert Path(first.backups[1][1]).read_bytes() == OLD
    assert Path(second.backups[0][1]).read_bytes() == NEW


@needs_root
def test_mode_owner_and_attributes_are_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.main.chmod(0o640)
    os.chown(folder.main, OWNER, OWNER)
    try:
        os.setxattr(folder.main, "user.note", b"theirs")
    except OSError:
        attributes = {}
    else:
        attributes = {"user.note": b"theirs"}
    written = folder.written()
    for path in (folder.main, Path(written.backups[1][1])):
        found = path.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o640, OWNER, OWNER)
        assert {name: os.getxattr(path, name) for name in attributes} == attributes


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o601])
def test_no_file_is_ever_executable(tmp_path: Path, mode: int) -> None:
    folder = Folder(tmp_path)
    folder.main.chmod(mode)
    folder.written()
    assert stat.S_IMODE(folder.main.stat().st_mode) == mode & ~0o111


def test_what_a_crashed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / ".main.conf.lvs-rawcheck-new").write_bytes(b"half")
    folder.written()
    assert folder.main.read_bytes() == NEW
    assert not (tmp_path / ".main.conf.lvs-rawcheck-new").exists()


def test_a_temporary_name_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    folder, victim = Folder(tmp_path), tmp_path / "victim"
    victim.write_bytes(b"theirs")
    (tmp_path / ".main.conf.lvs-rawcheck-new").symlink_to(victim)
    folder.written()
    assert victim.read_bytes() == b"theirs"
    assert folder.main.read_bytes() == NEW


@pytest.mark.parametrize("name", ["included", "main", "service"])
def test_a_file_that_changed_since_it_was_planned_with_stops_all(tmp_path: Path, name: str) -> None:
    folder = Folder(tmp_path)
    getattr(folder, name).write_bytes(b"edited")
    before = folder.state()
    with pytest.raises(WriteRefused, match="was changed after it was planned with"):
        folder.written()
    assert folder.state() == before


def test_a_file_that_went_since_stops_all(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.included.unlink()
    with pytest.raises(WriteRefused, match=r"included\.conf was changed"):
        folder.written()
    assert folder.state() == (OLD, None, None, OLD)


def test_a_file_that_is_edited_while_the_others_are_written_is_left_alone(tmp_path: Path) -> None:
    folder, written = Folder(tmp_path), Written()

    def edit() -> None:
        folder.main.write_bytes(b"edited")

    with pytest.raises(WriteRefused, match=r"main\.conf was changed"):
        write(folder.changes, TIME, written, edit)
    assert folder.state() == (NEW, NEW, NEW, b"edited")
    assert written.configuration == [str(folder.included)]


def test_the_configuration_comes_after_all_that_it_names(tmp_path: Path) -> None:
    folder, seen = Folder(tmp_path), []
    write(folder.changes, TIME, Written(), lambda: seen.append(folder.state()))
    assert seen == [(NEW, NEW, OLD, OLD)]


@pytest.mark.parametrize("which", ["", "services.d"])
def test_two_runs_do_not_write_at_once(tmp_path: Path, which: str) -> None:
    folder = Folder(tmp_path)
    with opened_folder(str(tmp_path / which)) as other_run:
        fcntl.flock(other_run, fcntl.LOCK_EX)
        with pytest.raises(WriteRefused, match="another run is writing"):
            folder.written()
    assert folder.state() == (OLD, None, OLD, OLD)
    folder.written()


def in_child(work: Callable[[], None]) -> int:
    """Return the wait status of a process that does some work."""
    process = os.fork()
    if process == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(process, 0)[1]


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run work in a process that is killed before the given line of what writes; return whether it came that far."""
    files = ("generate/write.py", "generate/replace.py", "registry/write.py")
    lines = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.endswith(files):
            return None
        if event == "line":
            lines += 1
            if lines == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    def traced() -> None:
        sys.settrace(count)
        work()

    return in_child(traced) == signal.SIGKILL


@pytest.mark.parametrize("stride", [17, pytest.param(1, marks=pytest.mark.full)])
def test_a_crash_at_any_step_leaves_each_file_old_or_new_and_names_only_what_is_there(
    tmp_path: Path, stride: int
) -> None:
    step, states = 1 - stride, set()
    while True:
        step += stride
        folder = Folder(tmp_path / str(step))
        if not killed_at(step, folder.written):
            break
        service, added, included, main = folder.state()
        assert service in (OLD, NEW)
        assert added in (None, NEW)
        assert included in (OLD, NEW)
        assert main in (OLD, NEW)
        if NEW in (included, main):
            assert (service, added) == (NEW, NEW)
        if main == NEW:
            assert included == NEW
        assert {path.name for path in folder.services.glob("*.toml")} <= {"tcp-1.toml", "tcp-2.toml"}
        states.add(folder.state())
    assert folder.state() == (NEW, NEW, NEW, NEW)
    assert step > 300
    assert len(states) == 5  # each of the four files was the next one once, and all were written before the end


def test_no_room_leaves_what_was_there(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(OLD), len(OLD)))  # as large as the old ones, not as the new
        try:
            folder.written()
        except WriteFailed as error:
            (tmp_path / "said").write_text(str(error))

    in_child(work)
    assert (tmp_path / "said").read_text() == f"{folder.service}: File too large"
    assert folder.state() == (OLD, None, OLD, OLD)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith("-new")] == []


def test_a_folder_that_nothing_may_be_written_to_is_an_error(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.changes.services_folder = str(folder.main)
    with pytest.raises(WriteFailed, match=r"main\.conf"):
        folder.written()


def test_put_makes_a_file_that_was_not_there(tmp_path: Path) -> None:
    with opened_folder(str(tmp_path)) as folder:
        put(folder, "new", NEW, None, 0o600)
        found = found_in(folder, "new")
    assert found is not None
    assert (found.octets, stat.S_IMODE(found.status.st_mode)) == (NEW, 0o600)


# The command


def test_the_plan_is_written_and_a_second_run_changes_nothing(site: FolderSite) -> None:
    first = site.write()
    assert (first.status, first.stderr) == (0, "")
    assert b"MISC_CHECK" in site.conf.read_bytes()
    assert condition((site.services / "tcp-192.0.2.1-80.toml").read_bytes()) == UNTOUCHED
    assert (site.state / "role" / "VI_1").read_text().startswith("0 BACKUP ")
    tree = site.tree()
    second = site.write()
    assert (second.status, second.stdout) == (0, "nothing to do\n")
    assert site.run("--check").status == 0
    assert site.tree() == tree


def test_it_says_that_nothing_was_tried(site: FolderSite) -> None:
    assert "no check was tried: --no-probe" in site.write().stdout


def test_the_commands_undo_it(site: FolderSite) -> None:
    site.write()
    tree = site.tree()
    again = site.write("--json", "--timeout", "2.5", "--observe")
    assert again.status == 0
    assert again.json["services"] == ["tcp-192.0.2.1-80"]
    for command in again.json["commands"]["undo"]:
        if command != "systemctl reload keepalived":
            subprocess.run(["sh", "-ec", command], check=True, timeout=10, cwd="/")
    assert site.tree() == tree


def test_the_commands_are_those_of_the_same_plan(site: FolderSite) -> None:
    commands = site.write("--json", "--timeout", "2.5", "--accept-down", "tcp-192.0.2.1-80/192.0.2.11").json["commands"]
    check, reload, verify = commands["load"]
    plan = f"lvs-rawcheck generate keepalived {site.conf} {' '.join(site.options())} --json --timeout 2.5 --check"
    assert check == plan
    assert reload == "systemctl reload keepalived"
    assert verify == f"lvs-rawcheck verify {site.conf}"


def test_a_daemon_that_lives_is_told_of_the_service_files_first(site: FolderSite) -> None:
    (site.state / "daemon").mkdir(parents=True)
    (site.state / "daemon/alive").write_text(f"{int(clock.uptime())} 64\n")
    commands = site.write("--json").json["commands"]
    assert commands["load"][0] == RELOAD_DAEMON
    assert commands["undo"][-1] == RELOAD_DAEMON


def test_a_linked_configuration_is_written_through(site: FolderSite) -> None:
    link = site.folder / "keepalived.conf"
    link.symlink_to("keepalived/keepalived.conf")
    outcome = site.write(file=link)
    assert outcome.status == 0
    assert link.is_symlink()
    assert f"{link} is a symbolic link: {site.conf} is written" in outcome.stdout
    assert b"MISC_CHECK" in site.conf.read_bytes()


def test_an_edited_service_file_is_kept_and_what_it_lacks_refused(site: FolderSite) -> None:
    site.services.mkdir()
    path = site.services / "tcp-192.0.2.1-80.toml"
    path.write_text('endpoint = ["192.0.2.1:80"]\n[[check]]\nkind = "tcp"\n[[real_server]]\naddress = "192.0.2.11"\n')
    tree = site.tree()
    outcome = site.write()
    assert outcome.status == 1
    assert "tcp-192.0.2.1-80/192.0.2.12: the service file was edited" in outcome.stderr
    assert "nothing was written" in outcome.stdout
    assert site.tree() == tree
    path.write_text(path.read_text() + '[[real_server]]\naddress = "192.0.2.12"\n')
    edited = path.read_bytes()
    outcome = site.write()
    assert outcome.status == 0
    assert "service file tcp-192.0.2.1-80: edited, and kept as it is" in outcome.stdout
    assert path.read_bytes() == edited


def test_service_files_that_nothing_names_any_more_stay_until_the_reload(site: FolderSite) -> None:
    site.services.mkdir()
    unused = site.services / "tcp-192.0.2.9-80.toml"
    further = b': virtual_server 192.0.2.9 80\nendpoint = ["192.0.2.9:80"]\n'
    unused.write_bytes(seal(b"# " + str(site.conf).encode() + further))
    (site.services / "other.toml").write_bytes(seal(b"# /etc/another.conf" + further))
    commands = site.write("--json").json["commands"]
    assert unused.exists()
    assert commands["tidy"] == [f"rm -- {unused}"]


def test_included_files_are_written_before_the_one_that_includes_them(site: FolderSite) -> None:
    head, _, rest = CONFIGURATION.partition("virtual_server")
    (site.conf.parent / "conf.d").mkdir()
    included = site.conf.parent / "conf.d" / "web.conf"
    included.write_text(f"virtual_server{rest}")
    site.conf.write_text(f"{head}include conf.d/*.conf\n")
    outcome = site.write("--json")
    assert (outcome.status, outcome.json["written"]) == (0, [str(included), str(site.conf)])
    assert site.write().stdout == "nothing to do\n"


def test_half_a_configuration_is_not_nothing(site: FolderSite) -> None:
    """The second file's backup would have too long a name."""
    instance, _, servers = CONFIGURATION.partition("virtual_server")
    (site.folder / "keepalived" / "servers.conf").write_text(f"virtual_server{servers}")
    site.conf = site.folder / "keepalived" / f"{'k' * 240}.conf"
    site.conf.write_text(f"{instance}include servers.conf\n")
    outcome = site.write("--style", "inline", "--program", str(site.scripts / "verdict"))
    assert outcome.status == 2
    assert f"could not write: {site.conf}: File name too long" in outcome.stderr
    assert "not all was written" in outcome.stdout
    assert "To undo it:" in outcome.stdout


def test_a_check_that_the_registry_lacks_is_no_success(site: FolderSite) -> None:
    site.write()
    (site.services / "tcp-192.0.2.1-80.toml").unlink()
    tree = site.tree()
    outcome = site.write("--exclude", "192.0.2.1")
    assert outcome.status == 1
    assert "tcp-192.0.2.1-80/192.0.2.11: a stanza names it, and the registry has no such check" in outcome.stderr
    assert site.tree() == tree
    plan = site.run("--exclude", "192.0.2.1", "--json")
    assert plan.status == 1
    assert any("tcp-192.0.2.1-80/192.0.2.12: a stanza names it" in warning for warning in plan.json["warnings"])


@pytest.mark.parametrize("marker", [True, False], ids=["a stanza of ours", "its marker is gone"])
def test_a_stanza_that_stays_keeps_its_check(site: FolderSite, marker: bool) -> None:
    """Else its server, which may be well, would be taken out by the next check that keepalived runs."""
    site.write()
    text = site.conf.read_text()
    text = text.replace(
        "    real_server 192.0.2.12 80 {\n", "    real_server 192.0.2.12 80 {\n        lvs_method NAT\n"
    )
    if not marker:
        text = "".join(line for line in text.splitlines(keepends=True) if "192.0.2.12, in place of:" not in line)
    site.conf.write_text(text)
    tree = site.tree()
    outcome = site.write()
    assert outcome.status == 1
    assert (
        "tcp-192.0.2.1-80/192.0.2.12: its stanza stays as it is, and its service file would lack it" in outcome.stderr
    )
    assert site.tree() == tree
    assert site.run("--check").status == 1


def test_a_copy_takes_no_check_from_the_site(site: FolderSite) -> None:
    """Who tries something on a copy of the configuration means no server that is running."""
    site.write()
    tree = site.tree()
    copy = site.folder / "copy.conf"
    copy.write_text(CONFIGURATION.partition("    real_server 192.0.2.12")[0] + "}\n")
    outcome = site.write(file=copy)
    assert outcome.status == 1
    assert f"tcp-192.0.2.1-80: its service file was made of {site.conf}, whose checks it would lack" in outcome.stderr
    copy.unlink()
    assert site.tree() == tree


def test_nobody_is_told_to_remove_what_a_stanza_without_its_marker_names(site: FolderSite) -> None:
    site.write()
    lines = site.conf.read_text().replace("lb_kind DR", "lb_kind NAT").splitlines(keepends=True)
    another = CONFIGURATION[CONFIGURATION.index("virtual_server ") :].replace("192.0.2.1 80", "192.0.2.2 80")
    site.conf.write_text("".join(line for line in lines if ", in place of:" not in line) + another)
    outcome = site.write()
    assert outcome.status == 0
    assert "rm --" not in outcome.stdout


def test_a_server_that_left_the_configuration_leaves_the_registry_and_it_is_said(site: FolderSite) -> None:
    site.write()
    text = site.conf.read_text()
    site.conf.write_text(text.partition("    real_server 192.0.2.12")[0] + "}\n")
    outcome = site.write()
    assert outcome.status == 0
    assert "note: tcp-192.0.2.1-80/192.0.2.12: in its service file no more" in outcome.stdout


def test_servers_that_are_left_as_they_are_are_counted(site: FolderSite) -> None:
    site.conf.write_text(CONFIGURATION.replace("lb_kind DR", "lb_kind NAT"))
    outcome = site.write()
    assert outcome.status == 0
    assert "2 real servers are left as they are" in outcome.stdout


def test_json_says_what_was_refused(site: FolderSite) -> None:
    (site.scripts / "verdict").chmod(0o644)
    outcome = site.write("--json")
    assert outcome.status == 1
    assert json.loads(outcome.stdout)["refused"] == [
        f"keepalived would not run it: {site.scripts}/verdict: its user may not execute it"
    ]


def test_a_configuration_that_cannot_be_read_is_not_written(site: FolderSite) -> None:
    site.conf.write_text(CONFIGURATION + "virtual_server 192.0.2.2 80 {\n")
    tree = site.tree()
    outcome = site.write()
    assert outcome.status == 2
    assert f"{site.conf}:25:29" in outcome.stderr
    assert site.tree() == tree


@pytest.mark.parametrize(
    "arguments", [("--write", "--check"), ("--force",), ("--no-probe",), ("--accept-down", "a/192.0.2.11")]
)
def test_options_that_do_not_go_together(site: FolderSite, arguments: tuple[str, ...]) -> None:
    tree = site.tree()
    outcome = site.run(*arguments)
    assert outcome.status == 2
    assert "--write" in outcome.stderr
    assert site.tree() == tree


def test_another_name_of_the_file_is_told(site: FolderSite) -> None:
    os.link(site.conf, site.folder / "other.conf")
    assert "had another name (a hard link), which still has the old text" in site.write().stdout
    assert (site.folder / "other.conf").read_text() == CONFIGURATION


def test_role_files_that_cannot_be_written_leave_the_configuration_as_it_is(site: FolderSite) -> None:
    site.state.write_text("no folder")
    outcome = site.write()
    assert outcome.status == 2
    assert f"could not write: {site.state}" in outcome.stderr
    assert "not all was written" in outcome.stdout
    assert site.conf.read_text() == CONFIGURATION
