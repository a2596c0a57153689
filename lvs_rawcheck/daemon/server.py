# SPDX-License-Identifier: GPL-2.0-or-later
"""A listening socket whose clients ask once, are answered, and are gone: the base of control socket and metrics.

Reading list: epoll(7), accept(2) (its errors are not ours), unix(7).
Invariants: nothing here blocks; a client costs one descriptor and at most a request and a piece of an answer in memory;
it has CLIENT_SECONDS to ask, and as long again to take each piece. Answers are made piece by piece as they are taken:
one of ten thousand checks holds nobody up.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from errno import ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM
from select import EPOLLIN, EPOLLOUT
from typing import Protocol

CLIENT_SECONDS = 2.0
REQUEST_OCTETS_MOST = 4096
_ACCEPTED_AT_ONCE = 16  # then the checks have their turn
_PAUSE_SECONDS = 0.5  # where no descriptor is to be had: a listening socket would be reported again and again
_NO_ROOM = (EMFILE, ENFILE, ENOBUFS, ENOMEM)


class Poller(Protocol):
    """What is needed of the loop's epoll (select.epoll has it)."""

    def register(self, fd: int, eventmask: int, /) -> None:
        """Watch a descriptor."""

    def modify(self, fd: int, eventmask: int, /) -> None:
        """Watch it for something else."""

    def unregister(self, fd: int, /) -> None:
        """Watch it no more."""


class Client:
    """One that has connected. deadline: monotonic seconds; request: what it has said so far."""

    __slots__ = ("_poller", "asked", "deadline", "pieces", "request", "rest", "socket")

    def __init__(self, connected: socket.socket, poller: Poller, deadline: float) -> None:
        self.socket = connected
        self.deadline = deadline
        self.request = bytearray()
        self.asked = False
        """Whether the request is complete."""
        self.pieces: Iterator[bytes] | None = None
        """What is still to be said; None: nothing yet."""
        self.rest = b""
        """Of the piece that is being said."""
        self._poller = poller

    def say(self, pieces: Iterable[bytes]) -> None:
        """Answer, at once or later, piece by piece; no piece is empty. One that has gone meanwhile hears nothing."""
        if self.socket.fileno() < 0 or self.pieces is not None:
            return
        self.pieces = iter(pieces)
        self._poller.modify(self.socket.fileno(), EPOLLOUT)

    def mention(self, octets: bytes) -> None:
        """Say something ahead of the answer, in the turn in which it was asked; what does not fit is lost."""
        if self.socket.fileno() >= 0:
            send_at_once(self.socket, octets)


class Server:
    """The clients of a listening socket, which is closed with it. poller: the loop's, which calls `work`.

    What is asked and answered is said by those who inherit from it.
    """

    def __init__(self, listener: socket.socket, poller: Poller, clients_most: int) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._poller = poller
        self._clients_most = clients_most
        self._clients: dict[int, Client] = {}
        self._paused_until: float | None = None
        poller.register(listener.fileno(), EPOLLIN)

    def refusal(self, peer: socket.socket) -> bytes:
        """Return what a client hears that may not ask, b"" where it may."""
        return b""

    def busy(self) -> bytes:
        """Return what a client hears that is one too many."""
        raise NotImplementedError

    def is_complete(self, request: bytearray) -> bool:
        """Return whether a request is all there."""
        raise NotImplementedError

    def answer(self, client: Client, now: float) -> None:
        """Answer a complete request, or one that has grown too long: `client.say`, now or later."""
        raise NotImplementedError

    def holds(self, descriptor: int) -> bool:
        """Return whether events of a descriptor are for `work`."""
        return descriptor in self._clients or descriptor == self._listener.fileno()

    def work(self, descriptor: int | None, now: float) -> None:
        """Do what a descriptor is ready for, None for none, and whatever is due."""
        if descriptor is not None:
            self._attend(descriptor, now)
        for client in [client for client in self._clients.values() if client.deadline <= now]:
            self._drop(client)
        if self._paused_until is not None and self._paused_until <= now:
            self._paused_until = None
            self._poller.register(self._listener.fileno(), EPOLLIN)

    def next_timer(self) -> float | None:
        """Return when `work` has something to do at the latest, None if never."""
        timers = [client.deadline for client in self._clients.values()]
        if self._paused_until is not None:
            timers.append(self._paused_until)
        return min(timers, default=None)

    def close(self) -> None:
        """Let everybody go, and listen no more."""
        for client in list(self._clients.values()):
            self._drop(client)
        if self._paused_until is None:
            self._poller.unregister(self._listener.fileno())
        self._listener.close()

    def _attend(self, descriptor: int, now: float) -> None:
        client = self._clients.get(descriptor)
        if client is None:
            if descriptor == self._listener.fileno():
                self._accept(now)
        elif client.pieces is not None:
            self._go_on_saying(client, now)
        elif client.asked:
            self._drop(client)  # it hung up while it waited: nothing else is watched for
        else:
            self._read(client, now)

    def _accept(self, now: float) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connected = self._listener.accept()[0]
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._pause(now)
                    return
                if error.errno == ECONNABORTED:
                    continue
                return  # an error of the network that accept(2) passes on: the loop tells of the next client
            self._welcome(connected, now)

    def _welcome(self, connected: socket.socket, now: float) -> None:
        connected.setblocking(False)
        regret = self.refusal(connected) or (self.busy() if len(self._clients) >= self._clients_most else b"")
        if regret:
            send_at_once(connected, regret)
            connected.close()
            return
        self._clients[connected.fileno()] = Client(connected, self._poller, now + CLIENT_SECONDS)
        self._poller.register(connected.fileno(), EPOLLIN)

    def _pause(self, now: float) -> None:
        self._paused_until = now + _PAUSE_SECONDS
        self._poller.unregister(self._listener.fileno())

    def _read(self, client: Client, now: float) -> None:
        try:
            octets = client.socket.recv(REQUEST_OCTETS_MOST + 1 - len(client.request))
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._drop(client)
            return
        client.request += octets
        if len(client.request) > REQUEST_OCTETS_MOST or self.is_complete(client.request):
            client.asked = True
            self._poller.modify(client.socket.fileno(), 0)  # EPOLLHUP and EPOLLERR are told all the same
            self.answer(client, now)

    def _go_on_saying(self, client: Client, now: float) -> None:
        if not client.rest:
            assert client.pieces is not None
            client.rest = next(client.pieces, b"")
            client.deadline = now + CLIENT_SECONDS
        try:
            said = client.socket.send(client.rest) if client.rest else 0
        except BlockingIOError:
            return
        except OSError:
            said = 0
        client.rest = client.rest[said:]
        if not said:
            self._drop(client)  # all is said, or nobody hears it

    def _drop(self, client: Client) -> None:
        fd = client.socket.fileno()
        del self._clients[fd]
        self._poller.unregister(fd)
        client.socket.close()


def send_at_once(connected: socket.socket, octets: bytes) -> None:
    """Send what fits; who does not hear it has gone, or will see the end of the stream."""
    try:
        connected.send(octets)
    except OSError:
        return
