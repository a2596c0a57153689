# SPDX-License-Identifier: GPL-2.0-or-later
"""Service files that are edited under a running daemon, as editors and careless people do it."""

from __future__ import annotations

import gc
import signal
import weakref
from pathlib import Path

import pytest

from lvs_rawcheck.daemon.health import UP
from tests.checks.site import V4, active, healthy
from tests.daemon.desk import Desk
from tests.daemon.process import START_SECONDS, Process, Reader, process
from tests.netns.topology import Network, wait_until

pytestmark = pytest.mark.netns

STEADY = f"web/{V4.real}"


def reload(daemon: Process) -> None:
    """Tell it to read the registry anew, and wait until it says that it has."""
    daemon.signal(signal.SIGHUP)
    daemon.wait_for(b"RELOADING=1")
    daemon.wait_for(b"READY=1")


def known(daemon: Process) -> set[str]:
    """Return the IDs of its checks."""
    return set(daemon.status())


def until_up(daemon: Process, check_id: str) -> None:
    wait_until(lambda: daemon.status()[check_id]["healthy"] is True, f"{check_id} is up", START_SECONDS)


def test_files_come_break_go_and_change_their_names(network: Network, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    director = active(network)
    healthy(network)
    healthy(network, "other_real")
    desk.write("web", V4, V4.real)
    more, mail = f"more/{V4.other_real}", f"mail/{V4.other_real}"
    with process(desk, director, tmp_path) as daemon, Reader(desk.state, {STEADY, more, mail}) as reader:
        since = daemon.status()[STEADY]["since"]
        desk.write("more", V4, V4.other_real)
        assert known(daemon) == {STEADY}, "nobody has told it"
        reload(daemon)
        assert known(daemon) == {STEADY, more}
        until_up(daemon, more)
        assert daemon.ask(more) == 0

        whole = (desk.services / "more.toml").read_text()
        for length in (0, 10, len(whole) // 2, len(whole) - 1):  # an editor that writes in place, caught halfway
            (desk.services / "more.toml").write_text(whole[:length])
            reload(daemon)
            assert known(daemon) == {STEADY, more}, f"{length} octets: it goes on as it was"
            assert daemon.ask(more) == 0
        (desk.services / "more.toml").write_text(whole.replace(V4.other_real, V4.real))
        reload(daemon)
        assert known(daemon) == {STEADY, f"more/{V4.real}"}, "completed, it counts"
        assert not (desk.state / "verdict" / more).exists()

        (desk.services / "more.toml").write_text(whole)
        (desk.services / "more.toml").rename(desk.services / "mail.toml")
        reload(daemon)
        assert known(daemon) == {STEADY, mail}
        until_up(daemon, mail)
        (desk.services / ".mail.toml.swp").write_text("what an editor leaves")
        (desk.services / "mail.toml~").write_text(whole)
        reload(daemon)
        assert known(daemon) == {STEADY, mail}

        (desk.services / "mail.toml").unlink()
        reload(daemon)
        assert known(daemon) == {STEADY}
        assert not (desk.state / "verdict" / "mail").exists()
        assert daemon.ask(mail) == 1, "an ID that is unknown"
        assert daemon.status()[STEADY]["since"] == since, "what nobody touched went on through all of it"
        reader.another_round()
        assert reader.faults == []


def test_a_registry_that_is_gone_for_a_moment(network: Network, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    with process(desk, director, tmp_path) as daemon, Reader(desk.state, {STEADY}) as reader:
        aside = desk.services.with_name("aside")
        desk.services.rename(aside)
        reload(daemon)
        assert known(daemon) == {STEADY}, "the folder is not there: all goes on as it was"
        assert "not reloaded" in daemon.log()
        aside.rename(desk.services)
        reload(daemon)
        assert known(daemon) == {STEADY}
        reader.another_round()
        assert reader.faults == []


def test_a_file_that_cannot_be_read_any_more(network: Network, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    with process(desk, director, tmp_path) as daemon, Reader(desk.state, {STEADY}) as reader:
        file = desk.services / "web.toml"
        aside = file.rename(tmp_path / "aside")
        file.symlink_to(aside)
        reload(daemon)
        assert known(daemon) == {STEADY}
        assert "a symbolic link, which is not followed (the service goes on as it was)" in daemon.log()
        file.unlink()
        reload(daemon)
        assert known(daemon) == set()
        assert reader.faults == []


def test_a_new_server_has_its_verdict_long_before_its_interval_has_passed(network: Network, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    director = active(network)
    healthy(network)
    healthy(network, "other_real")
    slow = {"interval": 3600.0}
    desk.write("web", V4, V4.real, **slow)
    other = f"web/{V4.other_real}"
    with process(desk, director, tmp_path) as daemon:
        desk.write("web", V4, V4.real, V4.other_real, **slow)
        reload(daemon)
        until_up(daemon, other)
        assert (desk.state / "track" / other.replace("/", "@")).read_text() == "0\n"
        assert daemon.status()[STEADY]["runs"] == 0, "what is known already keeps its own pace"


def test_a_check_that_was_replaced_is_kept_in_memory_by_nothing(network: Network, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    director = active(network)
    healthy(network)
    desk.write("web", V4, V4.real)
    with desk.running(director) as running:
        gc.freeze()  # as the program does when it has loaded: what is of then is no garbage by itself any more
        try:
            desk.until_state(STEADY, UP)
            probe = weakref.ref(running.engine.checks[STEADY].probe)
            desk.write("web", V4, V4.real, fall=2)
            running.load()
            desk.until_run_again(STEADY)
            gc.collect()
            assert probe() is None
        finally:
            gc.unfreeze()
