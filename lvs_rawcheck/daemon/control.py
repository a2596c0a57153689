# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket: `status` for people, one check now for a user who cannot send raw frames.

What is said there is in director/control_socket.py. Who may ask: root, the daemon's own user, and the members of the
socket's group; the socket's mode says the same, and is not relied upon alone. Reading list: unix(7), SO_PEERCRED;
socket(7), SO_PEERGROUPS: both tell who connected, as of that moment.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from struct import Struct, iter_unpack
from typing import Protocol

from lvs_rawcheck import clock
from lvs_rawcheck.checks.request import TIMEOUT_MAX
from lvs_rawcheck.daemon.check_line import check_line, fault_line
from lvs_rawcheck.daemon.server import CLIENT_SECONDS, REQUEST_OCTETS_MOST, Client, Poller, Server
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.errors import ConfigError, UsageError
from lvs_rawcheck.registry.names import check_id, parse_check_id

CLIENTS_MOST = 64
_LINES_AT_ONCE = 16
_SENTENCE_CHARACTERS = 300
_CHECK_SECONDS_MOST = TIMEOUT_MAX + CLIENT_SECONDS  # a check that is never heard of again has left the registry
_UCRED = Struct("=iII")  # struct ucred, linux/socket.h: pid, uid, gid
_SO_PEERGROUPS = 59  # asm-generic/socket.h
_GROUPS_OCTETS = 1024  # as many as Python asks for at once: 256 groups


class Knowledge(Protocol):
    """What can be asked about."""

    def states(self) -> Sequence[CheckState]:
        """Return those of all checks."""

    def mode_of(self, state: CheckState) -> str:
        """Return the mode by which a check is run now."""

    def faults(self) -> Sequence[ConfigError]:
        """Return what is wrong with service files."""

    def ask(self, check_id: str, told: Callable[[CheckState], None]) -> bool:
        """Run a check soon, or join the run that is under way, and call back once when it is over; False: no such."""


class ControlServer(Server):
    """Answers at a listening Unix socket, which is closed with it. group: the id of those who may ask."""

    def __init__(self, listener: socket.socket, group: int, poller: Poller, knowledge: Knowledge) -> None:
        super().__init__(listener, poller, CLIENTS_MOST)
        self._group = group
        self._knowledge = knowledge
        self._since = clock.now()

    def refusal(self, peer: socket.socket) -> bytes:
        """Return a sentence for those who may not ask."""
        return b"" if self._may_ask(peer) else _error("not allowed: only root and members of the socket's group may")

    def busy(self) -> bytes:
        """Return a sentence for one client too many."""
        return _error(f"busy: {CLIENTS_MOST} others are asking")

    def is_complete(self, request: bytearray) -> bool:
        """Return whether there is a line."""
        return b"\n" in request

    def answer(self, client: Client, now: float) -> None:
        """Do what the line says, or say why not."""
        try:
            self._obey(client, _parse(bytes(client.request)), now)
        except UsageError as error:
            client.say([_error(str(error))])

    def _obey(self, client: Client, question: dict[str, object], now: float) -> None:
        match question.get("op"):
            case "status":
                client.say(self._status_pieces())
            case "check":
                self._check(client, question.get("id"), now)
            case _:
                raise UsageError('wanted: {"op": "status"} or {"op": "check", "id": ID}')

    def _check(self, client: Client, text: object, now: float) -> None:
        if not isinstance(text, str):
            raise UsageError('"check" wants the "id" of a check')
        wanted = check_id(*parse_check_id(text))
        if not self._knowledge.ask(wanted, lambda state: client.say([self._line_of(state)])):
            raise UsageError(f"no such check: {wanted!r}")
        client.deadline = now + _CHECK_SECONDS_MOST
        client.mention(_line({"checking": wanted}))

    def _status_pieces(self) -> Iterator[bytes]:
        """Yield the lines of all checks, some at a time, each as it is when its turn comes; then faults and end."""
        states, faults = list(self._knowledge.states()), list(self._knowledge.faults())
        rest = iter(states)
        while lines := [self._line_of(state) for state in islice(rest, _LINES_AT_ONCE)]:
            yield b"".join(lines)
        for fault in faults:
            yield fault_line(fault)
        age = round(clock.now() - self._since, 3)
        yield _line({"checks": len(states), "faults": len(faults), "pid": os.getpid(), "for_seconds": age})

    def _line_of(self, state: CheckState) -> bytes:
        return check_line(state, self._knowledge.mode_of(state), clock.now())

    def _may_ask(self, peer: socket.socket) -> bool:
        try:
            _, uid, gid = _UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
            if uid in (0, os.geteuid()) or gid == self._group:
                return True
            groups = peer.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_OCTETS)
        except OSError:
            return False  # ERANGE: it is in more groups than anybody should be
        return (self._group,) in iter_unpack("=I", groups)


def _parse(request: bytes) -> dict[str, object]:
    line, end, _ = request.partition(b"\n")
    if not end:
        raise UsageError(f"a question is one line of at most {REQUEST_OCTETS_MOST} octets")
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError("not a line of JSON") from None
    if not isinstance(question, dict):
        raise UsageError("not an object of JSON")
    return question


def _error(sentence: str) -> bytes:
    return _line({"error": sentence[:_SENTENCE_CHARACTERS]})


def _line(values: dict[str, object]) -> bytes:
    return json.dumps(values).encode() + b"\n"
