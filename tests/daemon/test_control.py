# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket: what it answers, to whom, and that nobody who talks to it does the daemon any harm."""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.daemon import control, server
from lvs_rawcheck.daemon.check_line import check_line
from lvs_rawcheck.daemon.listening import listen_at
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.director.control_socket import LINE_OCTETS_MOST, ControlConnection, NoDaemon
from lvs_rawcheck.errors import ConfigError, LinkError
from tests.daemon.talking import Desk, known

ID = "web/10.0.0.42"
STATUS = b'{"op": "status"}\n'
CHECK = b'{"op": "check", "id": "%s"}\n' % ID.encode()
STRANGER = 65533  # a uid and gid that is nobody's here


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, [known(), known("10.0.0.43", healthy=False), known("2001:db8::42", healthy=None)])
    yield made
    made.close()


def lines(octets: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in octets.splitlines()]


def refusal(octets: bytes) -> str:
    (answer,) = lines(octets)
    assert set(answer) == {"error"}
    return str(answer["error"])


# What is answered.


def test_status_is_a_line_for_each_check_and_how_many_there_are(desk: Desk) -> None:
    *checks, end = lines(desk.answer(STATUS))
    assert 0 <= end.pop("for_seconds") < 20
    assert end == {"checks": 3, "faults": 0, "pid": os.getpid()}
    assert [(check["id"], check["healthy"], check["reason"]) for check in checks] == [
        (ID, True, "ok"),
        ("web/10.0.0.43", False, "refused"),
        ("web/2001:db8::42", None, ""),
    ]
    up, down, unknown = checks
    assert (up["latency_ms"], up["held"], up["path"], up["detail"]) == (0.734, False, "raw", "connected")
    assert abs(up["since"] - (clock.wall_now() - 192.0)) < 5
    assert 192.0 <= up["for_seconds"] < 197.0
    assert 0 <= up["next_run"] <= 0.5
    assert [unknown[key] for key in ("since", "for_seconds", "latency_ms", "next_run")] == [None] * 4
    assert down["runs"] == 3


def test_the_mode_that_counts_is_told_with_each_check(desk: Desk) -> None:
    assert {check["mode"] for check in lines(desk.answer(STATUS))[:3]} == {"enforce"}
    desk.checks.modes["web"] = "observe"
    assert {check["mode"] for check in lines(desk.answer(STATUS))[:3]} == {"observe"}


def test_service_files_that_cannot_be_used_are_told_after_the_checks(desk: Desk) -> None:
    desk.checks.faults = [
        ConfigError("/etc/s.d/a.toml", 3, 7, "unknown key"),
        ConfigError("/etc/s.d/\udcff\0" * 500, 0, 0, "\U0001f600" * 5000),
    ]
    told = desk.answer(STATUS)
    assert max(map(len, told.splitlines(keepends=True))) <= LINE_OCTETS_MOST
    *_, first, second, end = lines(told)
    assert first == {"fault": {"file": "/etc/s.d/a.toml", "error": "line 3: unknown key"}}
    assert set(second["fault"]) == {"file", "error"}
    assert (end["checks"], end["faults"]) == (3, 2)


def test_a_check_is_run_and_its_result_told(desk: Desk) -> None:
    with desk.connect() as client:
        client.send(CHECK)
        desk.loop.until(lambda: ID in desk.checks.asked, "the check begins")
        assert lines(client.recv(4096)) == [{"checking": ID}]
        desk.checks.states[ID].reason = "timeout"
        desk.checks.finish(ID)
        (told,) = lines(desk.hear_all(client))
    assert (told["id"], told["reason"]) == (ID, "timeout")


def test_a_running_check_is_joined_and_not_repeated(desk: Desk) -> None:
    clients = [desk.connect() for _ in range(20)]
    for client in clients:
        client.send(CHECK)
    desk.loop.until(lambda: len(desk.checks.asked.get(ID, [])) == 20, "all have asked")
    assert desk.checks.begun == 1
    desk.checks.finish(ID)
    for client in clients:
        assert [told.get("id") for told in lines(desk.hear_all(client))] == [None, ID]
        client.close()


def test_a_result_that_is_there_at_once(desk: Desk) -> None:
    desk.checks.at_once = True
    begun, told = lines(desk.answer(CHECK))
    assert (begun, told["id"]) == ({"checking": ID}, ID)


def test_an_address_in_other_words_is_the_same_check(desk: Desk) -> None:
    desk.checks.at_once = True
    _, told = lines(desk.answer(b'{"op": "check", "id": "web/2001:DB8:0::42"}\n'))
    assert told["id"] == "web/2001:db8::42"


def test_ten_thousand_checks_are_told_a_few_at_a_time(desk: Desk) -> None:
    for number in range(10_000):
        state = known(f"10.1.{number // 250}.{number % 250}")
        desk.checks.states[state.check_id] = state
    *checks, end = lines(desk.answer(STATUS))
    assert (len(checks), end["checks"]) == (10_003, 10_003)
    assert desk.loop.longest_turn < 0.01  # nobody else waits longer for it


def test_no_line_is_longer_than_the_contract_says() -> None:
    state = CheckState("s" * 200, "2001:db8:1111:2222:3333:4444:5555:6666", 1.0, None)
    for character in ("a", "\x00", "\U0001f600", "\udcff", '"'):
        state.detail = state.held = character * 100_000
        line = check_line(state, "standard", 0.0)
        assert len(line) <= LINE_OCTETS_MOST
        assert json.loads(line)["held"] is True


# Bad questions.


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (b"\n", "not a line of JSON"),
        (b"status\n", "not a line of JSON"),
        (b"\xff\xfe\x00\n", "not a line of JSON"),
        (b"[" * 4000 + b"\n", "not a line of JSON"),
        (b'{"op": ' * 500 + b"\n", "not a line of JSON"),
        (b"1" * 4000 + b"\n", "not an object"),
        (b'"status"\n', "not an object"),
        (b"null\n", "not an object"),
        (b"{}\n", "wanted:"),
        (b'{"op": "stop"}\n', "wanted:"),
        (b'{"op": ["status"]}\n', "wanted:"),
        (b'{"op": "check"}\n', 'wants the "id"'),
        (b'{"op": "check", "id": 7}\n', 'wants the "id"'),
        (b'{"op": "check", "id": "web/10.0.0.99"}\n', "no such check"),
        (b'{"op": "check", "id": "../web/10.0.0.42"}\n', "not the ID of a check"),
        (b'{"op": "check", "id": "web/../10.0.0.42"}\n', "not an IPv4 or IPv6 address"),
        (b'{"op": "check", "id": "web/fe80::1%%eth0"}\n', "not an IPv4 or IPv6 address"),
        (b'{"op": "check", "id": "web/10.0.0.42\\u0000"}\n', "not an IPv4 or IPv6 address"),
        (b'{"op": "check", "id": "web/\\ud800"}\n', "not an IPv4 or IPv6 address"),
        (b'{"op": "check", "id": "%s/10.0.0.42"}\n' % (b"a" * 3000), "not the ID of a check"),
        (b"x" * 4097, "one line of at most 4096 octets"),
    ],
)
def test_bad_questions_are_refused_with_a_sentence(desk: Desk, question: bytes, said: str) -> None:
    answer = desk.answer(question)
    assert said in refusal(answer)
    assert len(answer) <= LINE_OCTETS_MOST
    assert desk.checks.begun == 0


def test_a_question_octet_by_octet(desk: Desk) -> None:
    with desk.connect() as client:
        for octet in STATUS:
            client.send(bytes([octet]))
            desk.loop.turn(0.1)
        assert lines(desk.hear_all(client))[-1]["checks"] == 3


def test_garbage_of_a_thousand_kinds_leaves_it_as_it_was(desk: Desk) -> None:
    dice = random.Random(7)
    for _ in range(1000):
        pieces = [STATUS, CHECK, b"{", b"\0", b"\n", dice.randbytes(dice.randrange(1, 40)), b"x" * 5000]
        with desk.connect() as client:
            client.send(b"".join(dice.sample(pieces, 2)))
            desk.loop.turn(0)
    desk.checks.asked.clear()
    desk.loop.until(lambda: not desk.server._clients, "all have gone")
    assert lines(desk.answer(STATUS))[-1]["checks"] == 3


# Slow, many, half-open.


def test_who_does_not_ask_is_let_go(desk: Desk) -> None:
    with desk.connect() as silent, desk.connect() as slow:
        slow.send(b'{"op"')
        desk.loop.until(lambda: len(desk.server._clients) == 2, "both are there")
        desk.loop.ahead += server.CLIENT_SECONDS - 0.5
        slow.send(b":")  # which wins no time
        desk.loop.turn(0.05)
        assert len(desk.server._clients) == 2
        desk.loop.ahead += 0.5
        assert desk.hear_all(silent) == desk.hear_all(slow) == b""


def test_who_does_not_listen_is_let_go(desk: Desk) -> None:
    for number in range(5000):
        state = known(f"10.1.{number // 250}.{number % 250}")
        desk.checks.states[state.check_id] = state
    with desk.connect() as client:
        client.send(STATUS)
        desk.loop.until(lambda: desk.loop.turn(0.05) == 0, "no more can be said")
        assert len(desk.server._clients) == 1
        desk.loop.ahead += server.CLIENT_SECONDS
        desk.loop.turn()
        assert not desk.server._clients


def test_half_closed_is_heard_and_gone_is_noticed(desk: Desk) -> None:
    with desk.connect() as client:
        client.send(CHECK)
        client.shutdown(socket.SHUT_WR)
        desk.loop.until(lambda: ID in desk.checks.asked, "it is asked")
        for _ in range(5):
            assert desk.loop.turn(0) == 0  # no event that comes again and again
        desk.checks.finish(ID)
        assert lines(desk.hear_all(client))[-1]["id"] == ID
    client = desk.connect()
    client.send(CHECK)
    desk.loop.until(lambda: ID in desk.checks.asked, "it is asked")
    client.close()
    desk.loop.until(lambda: not desk.server._clients, "it is noticed")
    desk.checks.finish(ID)  # nobody listens
    assert lines(desk.answer(STATUS))[-1]["checks"] == 3


def test_a_check_that_never_comes_back_holds_nobody_for_ever(desk: Desk) -> None:
    with desk.connect() as client:
        client.send(CHECK)
        desk.loop.until(lambda: ID in desk.checks.asked, "it is asked")
        desk.loop.ahead += server.CLIENT_SECONDS + 60.0
        desk.loop.turn()
        assert len(desk.server._clients) == 1
        desk.loop.ahead += control._CHECK_SECONDS_MOST
        desk.loop.turn()
        assert not desk.server._clients


def test_one_client_too_many_is_told_so(desk: Desk) -> None:
    clients = [desk.connect() for _ in range(control.CLIENTS_MOST)]
    desk.loop.until(lambda: len(desk.server._clients) == control.CLIENTS_MOST, "all are in")
    with desk.connect() as one_more:
        assert "busy" in refusal(desk.hear_all(one_more))
    clients.pop().close()
    desk.loop.until(lambda: len(desk.server._clients) < control.CLIENTS_MOST, "one has gone")
    assert lines(desk.answer(STATUS))[-1]["checks"] == 3
    for client in clients:
        client.close()


def test_thousands_that_come_and_go(desk: Desk) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(3000):
        client = desk.connect()
        if number % 3:
            client.send(STATUS if number % 2 else b"garbage")
        client.close()
        if number % 50 == 0:
            desk.loop.turn(0)
    desk.loop.until(lambda: desk.loop.turn(0) == 0, "all are through")
    assert not desk.server._clients
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_descriptors_it_waits_and_goes_on(desk: Desk) -> None:
    client = desk.connect()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    taken: list[int] = []
    try:
        with suppress(OSError):
            for _ in range(256):
                taken.append(os.dup(desk.loop.poller.fileno()))
        assert len(taken) < 256
        desk.loop.turn(0.1)
        assert [desk.loop.turn(0) for _ in range(5)] == [0] * 5  # not told again and again
        assert desk.server.next_timer() is not None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
    desk.loop.ahead += 1.0
    client.send(STATUS)
    assert lines(desk.hear_all(client))[-1]["checks"] == 3
    client.close()


# Who may ask.

ASK = """
import socket, sys
client = socket.socket(socket.AF_UNIX)
try:
    client.connect(sys.argv[1])
except PermissionError:
    print("closed", end="")
    sys.exit()
heard = b""
try:
    client.sendall(b'{"op": "status"}\\n')
except ConnectionError:
    pass
try:
    while octets := client.recv(65536):
        heard += octets
except ConnectionError:
    pass
print("error" if b"not allowed" in heard else "told" if b"checks" in heard else heard, end="")
"""


def ask_as(desk: Desk, *become: str) -> str:
    command = ["setpriv", *become, "--", sys.executable, "-I", "-S", "-c", ASK, desk.path]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    desk.loop.until(lambda: child.poll() is not None, "the client's end")
    return child.communicate()[0]


@pytest.mark.netns
@pytest.mark.parametrize(("mode", "without"), [(0o660, "closed"), (0o666, "error")])
def test_only_root_and_the_group_may_ask(tmp_path: Path, mode: int, without: str) -> None:
    """By the socket's mode, and where somebody opened that, by who they are."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.name.startswith(("pytest", "test_")):
            folder.chmod(0o755)
    desk = Desk(tmp_path, [known()], group=STRANGER)
    try:
        os.chmod(desk.path, mode)
        assert ask_as(desk, "--clear-groups") == "told"
        assert ask_as(desk, "--reuid=65532", "--regid=65532", "--clear-groups") == without
        assert ask_as(desk, f"--reuid={STRANGER}", "--regid=65532", "--clear-groups") == without
        assert ask_as(desk, "--reuid=65532", f"--regid={STRANGER}", "--clear-groups") == "told"
        assert ask_as(desk, "--reuid=65532", "--regid=65532", f"--groups=65531,{STRANGER}") == "told"
        many = ",".join(str(number) for number in range(100_000, 100_400))
        assert ask_as(desk, "--reuid=65532", "--regid=65532", f"--groups={many}") == without
    finally:
        desk.close()


# The socket's place.


def test_it_takes_the_place_of_one_that_nobody_listens_at(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    listen_at(str(path), None).close()
    assert path.exists()
    listener = listen_at(str(path), os.getegid())
    found = path.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, os.getegid())
    assert [entry.name for entry in tmp_path.iterdir()] == ["control.sock"]
    with pytest.raises(LinkError, match="another process does"):
        listen_at(str(path), None)
    listener.close()


def test_places_that_it_does_not_take(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("kept")
    link = tmp_path / "link"
    link.symlink_to(target)
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    for path in (target, link, shared / "control.sock", tmp_path / "a\0b" / "control.sock", target / "control.sock"):
        with pytest.raises(LinkError, match="cannot listen at"):
            listen_at(str(path), None)
    assert target.read_text() == "kept"


def test_a_path_longer_than_a_sockets_address(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 150)
    folder.mkdir()
    listen_at(str(folder / "control.sock"), None).close()
    assert stat.S_ISSOCK((folder / "control.sock").stat().st_mode)


INHERIT = """
import os, socket, sys
sys.path.insert(0, sys.argv[1])
from lvs_rawcheck.daemon.listening import inherited_socket
from lvs_rawcheck.errors import ConfigError, LinkError
pid = str(os.getpid())
assert inherited_socket({}) is None
assert inherited_socket({"LISTEN_FDS": "1", "LISTEN_PID": "1"}) is None
assert inherited_socket({"LISTEN_FDS": "0", "LISTEN_PID": pid}) is None
try:
    inherited = inherited_socket({"LISTEN_FDS": "1", "LISTEN_PID": pid})
    assert inherited is not None and not inherited.get_inheritable()
    print(inherited.getsockname(), end="")
except LinkError as error:
    print(error, end="")
"""


@pytest.mark.parametrize("what", ["a listening socket", "a socket", "a file", "nothing"])
def test_a_socket_of_the_service_managers(tmp_path: Path, what: str) -> None:
    path = str(tmp_path / "control.sock")
    with socket.socket(socket.AF_UNIX) as made, open(os.devnull) as file:
        made.bind(path)
        if what == "a listening socket":
            made.listen()
        source = {"a file": file.fileno(), "nothing": -1}.get(what, made.fileno())
        place = "os.closerange(3, 64)" if source < 0 else f"os.dup2({source}, 3)"
        script = f"import os, sys; {place}; exec(sys.argv[2])"
        command = [sys.executable, "-I", "-c", script, str(Path(__file__).parents[2]), INHERIT]
        done = subprocess.run(command, pass_fds=[made.fileno(), file.fileno()], text=True, capture_output=True)
    assert done.stderr == ""
    said = {"a listening socket": path, "a socket": "no Unix stream socket that listens"}.get(what, "cannot be used")
    assert said in done.stdout


# From the other side.


def test_the_clients_side(desk: Desk) -> None:
    with desk.loop.running(), ControlConnection(str(desk.folder), clock.now() + 5) as connection:
        connection.ask({"op": "status"})
        told = [connection.next_line() for _ in range(4)]
        assert told[-1]["checks"] == 3
        with pytest.raises(LinkError, match="broke off"):
            connection.next_line()


def test_the_clients_side_of_a_refusal(desk: Desk) -> None:
    with desk.loop.running(), ControlConnection(str(desk.folder), clock.now() + 5) as connection:
        connection.ask({"op": "stop"})
        with pytest.raises(LinkError, match="the daemon refuses: wanted:"):
            connection.next_line()


def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match="no daemon listens at"):
        ControlConnection(str(tmp_path), clock.now() + 1)
    listen_at(str(tmp_path / "control.sock"), None).close()
    with pytest.raises(NoDaemon, match="no daemon listens at"):
        ControlConnection(str(tmp_path), clock.now() + 1)
    with pytest.raises(LinkError, match="cannot ask the daemon"):
        ControlConnection(str(tmp_path / ("a" * 150)), clock.now() + 1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"", "does not answer"),
        (b"garbage\n", "does not speak as expected"),
        (b"[]\n", "does not speak as expected"),
        (b"[" * 4000 + b"\n", "does not speak as expected"),
        (b"x" * 10_000, "too long"),
    ],
)
def test_a_daemon_that_is_none(tmp_path: Path, said: bytes, expected: str) -> None:
    listener = listen_at(str(tmp_path / "control.sock"), None)
    with listener, ControlConnection(str(tmp_path), clock.now() + 0.2) as connection:
        connection.ask({"op": "status"})
        peer = listener.accept()[0]
        peer.send(said)
        with pytest.raises(LinkError, match=expected):
            connection.next_line()
        peer.close()
