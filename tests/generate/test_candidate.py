# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived itself, asked about a configuration that is not there yet; and the scripts that it would not run."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.keepalived import config_test as config_test_module
from lvs_rawcheck.generate.keepalived.candidate import judge_by_keepalived
from lvs_rawcheck.generate.keepalived.config_test import ConfigTest, config_test, messages_added
from lvs_rawcheck.generate.scripts import script_fault
from tests.generate.folder_site import CONFIGURATION, KEEPALIVED, FolderSite

pytestmark = pytest.mark.netns
needs_keepalived = pytest.mark.skipif(KEEPALIVED is None, reason="keepalived is not installed")

SERVER = b"""\
virtual_server 192.0.2.1 80 {
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 192.0.2.11 80 {
        MISC_CHECK {
            misc_path "/bin/true"
            user nobody
        }
    }
}
"""
UNKNOWN = b"    frobnicate 3\n"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "keepalived.conf"
    path.write_bytes(SERVER)
    return path


def with_unknown(octets: bytes, line: int) -> bytes:
    """Return a configuration with an unknown keyword before a line, from 0."""
    lines = octets.splitlines(keepends=True)
    return b"".join((*lines[:line], UNKNOWN, *lines[line:]))


@needs_keepalived
def test_scripts_of_another_user_do_not_end_the_test(conf: Path) -> None:
    """2.2.5 to 2.2.7 end by SIGTERM there."""
    found = config_test(str(conf), {}, None)
    assert found.validated
    assert not any("Terminated" in message for message in found.messages)


@needs_keepalived
def test_a_sound_change_is_not_refused(conf: Path) -> None:
    result = SERVER.replace(b"nobody", b"root").replace(b"/bin/true", b"/bin/false x")
    judgement = judge_by_keepalived(str(conf), {str(conf): result}, None)
    assert (judgement.refusals, judgement.notes) == ([], [])


@needs_keepalived
def test_what_keepalived_says_of_the_result_alone_is_a_refusal_with_its_line(conf: Path) -> None:
    judgement = judge_by_keepalived(str(conf), {str(conf): with_unknown(SERVER, 3)}, None)
    assert judgement.refusals == [f"keepalived -t says of the result: ({conf}: Line 4) Unknown keyword 'frobnicate'"]


@needs_keepalived
def test_what_it_says_now_already_is_none_wherever_it_moves_to(conf: Path) -> None:
    conf.write_bytes(with_unknown(SERVER, 1))
    result = b"\n\n" + conf.read_bytes()
    assert judge_by_keepalived(str(conf), {str(conf): result}, None).refusals == []
    twice = with_unknown(result, 4)
    assert len(judge_by_keepalived(str(conf), {str(conf): twice}, None).refusals) == 1


@needs_keepalived
@pytest.mark.parametrize("how", ["relative", "absolute", "linked"])
def test_included_files_are_tested_in_their_places(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "conf.d"
    folder.mkdir()
    included = folder / "web.conf"
    included.write_bytes(SERVER)
    if how == "linked":
        (tmp_path / "linked.conf").symlink_to(included)
    names = {"relative": "conf.d/*.conf", "absolute": f"{folder}/*.conf", "linked": "linked.conf"}
    conf = tmp_path / "keepalived.conf"
    conf.write_text(f"include {names[how]}\n")
    assert judge_by_keepalived(str(conf), {str(included): SERVER}, None).refusals == []
    judgement = judge_by_keepalived(str(conf), {str(included): with_unknown(SERVER, 3)}, None)
    assert len(judgement.refusals) == 1
    assert "Unknown keyword 'frobnicate'" in judgement.refusals[0]


@needs_keepalived
def test_nothing_is_left_behind(conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    passwd = Path("/etc/passwd").read_bytes()
    assert config_test(str(conf), {str(conf): with_unknown(SERVER, 3)}, None).validated
    assert list(temporary.iterdir()) == []
    assert conf.read_bytes() == SERVER
    assert Path("/etc/passwd").read_bytes() == passwd
    places = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()}
    assert places.isdisjoint({str(conf), "/etc/passwd", "/etc/group", "/etc/nsswitch.conf"})


@needs_keepalived
def test_lines_are_read_for_the_node_that_is_named(conf: Path) -> None:
    text = b"@lb1 frobnicate 3\n" + SERVER
    conf.write_bytes(text)
    assert any("frobnicate" in message for message in config_test(str(conf), {}, "lb1").messages)
    assert not any("frobnicate" in message for message in config_test(str(conf), {}, "lb2").messages)


@needs_keepalived
def test_a_result_on_which_keepalived_breaks_off_is_refused(conf: Path) -> None:
    result = SERVER.replace(b"lb_algo rr", b"lb_algo")  # a parameter is missing: it ends there and then
    assert any("ends with" in refusal for refusal in judge_by_keepalived(str(conf), {str(conf): result}, None).refusals)
    judgement = judge_by_keepalived(str(conf), {str(conf): SERVER}, None)
    assert judgement.refusals == []


@needs_keepalived
def test_a_keepalived_that_reloads_only_what_is_sound_must_find_it_sound(tmp_path: Path) -> None:
    """reload_check_config: that scripts run without enable_script_security is enough to keep it from reloading."""
    text = CONFIGURATION.replace("interface lo", "interface lb9")
    keywords = "reload_check_config\n    dynamic_interfaces\n"
    site = FolderSite(tmp_path, f"global_defs {{\n    {keywords}}}\n{text}")
    outcome = site.write()
    assert outcome.status == 1
    assert "reload_check_config: keepalived would not reload the result" in outcome.stderr
    site.conf.write_text(f"global_defs {{\n    enable_script_security\n    {keywords}}}\n{text}")
    outcome = site.write()
    assert (outcome.status, outcome.stderr) == (0, "")


@needs_keepalived
def test_a_relative_path_is_the_caller_s(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run in another folder, and says of a file that it does not find there nothing by its exit status."""
    monkeypatch.chdir(conf.parent)
    judgement = judge_by_keepalived(conf.name, {str(conf): with_unknown(SERVER, 3)}, None)
    assert len(judgement.refusals) >= 1
    assert "frobnicate" in judgement.refusals[0]


@needs_keepalived
@pytest.mark.parametrize("state", ["missing", "executable"])
def test_where_it_reads_nothing_it_was_not_asked(conf: Path, state: str) -> None:
    """It ends with 0 then."""
    conf.unlink() if state == "missing" else conf.chmod(0o755)
    with pytest.raises(LinkError, match="it read nothing"):
        config_test(str(conf), {}, None)


@needs_keepalived
def test_where_it_breaks_off_already_it_says_nothing_of_the_result(conf: Path) -> None:
    conf.write_bytes(SERVER.replace(b"lb_algo rr", b"lb_algo"))
    judgement = judge_by_keepalived(str(conf), {str(conf): SERVER}, None)
    assert judgement.refusals == []
    assert "on the configuration as it is: it says nothing of the result" in judgement.notes[0]


def test_without_keepalived_it_is_said_that_it_was_not_asked(conf: Path) -> None:
    with pytest.raises(LinkError, match="no-such-keepalived is not installed"):
        config_test(str(conf), {}, None, program="no-such-keepalived")


def test_a_test_that_does_not_end_is_ended(conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "keepalived"
    program.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(config_test_module, "SECONDS_MOST", 1.0)
    with pytest.raises(LinkError, match="took more than 1 s"):
        config_test(str(conf), {}, None, program=str(program))
    process = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{process}").exists()


def test_a_file_that_is_not_there_cannot_be_replaced_in_thought(conf: Path) -> None:
    with pytest.raises(LinkError, match="could not be run"):
        config_test(str(conf), {str(conf) + ".missing": b""}, None)


def test_messages_are_compared_without_their_places() -> None:
    before = ConfigTest(5, ("(a.conf: Line 3) bad", "(a.conf: Line 7) bad", "worse"))
    after = ConfigTest(5, ("(a.conf: Line 4) bad", "(a.conf: Line 9) bad", "(a.conf: Line 11) bad"))
    assert messages_added(before, after) == ["(a.conf: Line 11) bad"]


# Scripts


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "script"
    path.parent.mkdir()
    tmp_path.chmod(0o755)
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


def change_owner(path: Path) -> None:
    subprocess.run(["chown", "12345:12345", str(path)], check=True)


def test_a_sound_script_has_no_fault(script: Path) -> None:
    assert script_fault(str(script), "root") is None


def into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def into_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "No such file"),
    "not executable": (lambda path: path.chmod(0o644), "may not execute"),
    "a folder": (into_folder, "is no file"),
    "writable by all": (lambda path: path.chmod(0o757), "others than root can write"),
    "in a folder writable by all": (lambda path: path.parent.chmod(0o777), "others than root can write"),
    "somebody's": (change_owner, "is not root's"),
    "in somebody's folder": (lambda path: change_owner(path.parent), "is not root's"),
    "without interpreter": (lambda path: path.write_text("#!/no/such/python\n"), "interpreter does not run"),
    "an interpreter without a name": (lambda path: path.write_text("#!\n"), "names no interpreter"),
    "a link to itself": (into_link_to_itself, "too many symbolic links"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_keepalived_would_drop_or_take_for_healthy_is_found(script: Path, name: str) -> None:
    harm, words = FAULTS[name]
    harm(script)
    fault = script_fault(str(script), "root")
    assert fault is not None
    assert words in fault


def test_somebodys_folder_behind_a_link_is_found(script: Path, tmp_path: Path) -> None:
    behind = tmp_path / "behind"
    behind.mkdir()
    change_owner(behind)
    (behind / "script").write_bytes(script.read_bytes())
    (behind / "script").chmod(0o755)
    script.unlink()
    script.symlink_to(behind / "script")
    assert "is not root's" in (script_fault(str(script), "root") or "")


def test_a_sticky_folder_is_no_fault(script: Path) -> None:
    script.parent.chmod(0o1777)
    assert script_fault(str(script), "root") is None


def test_an_unknown_user_is_a_fault(script: Path) -> None:
    assert "no user or group 'no-such-user'" in (script_fault(str(script), "no-such-user") or "")


def test_a_user_who_may_not_execute_it_is_a_fault(script: Path) -> None:
    assert script_fault("/bin/true", "nobody") is None
    script.parent.chmod(0o700)
    assert "cannot pass through" in (script_fault(str(script), "nobody") or "")


def test_a_plan_whose_scripts_are_missing_is_not_written(tmp_path: Path) -> None:
    site = FolderSite(tmp_path)
    (site.scripts / "notify").unlink()
    tree = site.tree()
    outcome = site.write()
    assert outcome.status == 1
    assert f"{site.scripts}/notify: No such file" in outcome.stderr
    assert site.tree() == tree
