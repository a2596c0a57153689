# SPDX-License-Identifier: GPL-2.0-or-later
"""The server's end of a TLS session in memory, and what carries octets between it and a session of ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from lvs_rawcheck.tls.events import Event
from lvs_rawcheck.tls.session import Session
from tests.tls.authority import Identity


def server_context(identity: Identity) -> ssl.SSLContext:
    """Return a context that any server could use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate_file, identity.key_file)
    return context


class Peer:
    """A server in memory: hand it what the client sent, take what it sends."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.secured = False
        self.received = b""
        self.closed = False
        self.error: ssl.SSLError | None = None

    def receive(self, octets: bytes) -> None:
        """Take in what the client sent; faults are kept in `error`."""
        self._incoming.write(octets)
        try:
            if not self.secured:
                self.tls.do_handshake()
                self.secured = True
            while True:
                plaintext = self.tls.read(65536)
                self.closed = self.closed or not plaintext
                if not plaintext:
                    return
                self.received += plaintext
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            self.error = error

    def say(self, plaintext: bytes) -> None:
        """Send plaintext."""
        self.tls.write(plaintext)

    def say_goodbye(self) -> None:
        """Send close_notify."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            return

    def take(self) -> bytes:
        """Return what is to go to the client."""
        return self._outgoing.read()


def events_of(session: Session) -> list[Event]:
    """Return all events that a session has for now."""
    return list(iter(session.next_event, None))


def exchange(session: Session, peer: Peer, piece: int = 1 << 20) -> list[Event]:
    """Carry octets between the two until both are silent; return what happened. piece: octets fed at a time."""
    events: list[Event] = []
    for _ in range(20):
        to_peer = session.octets_to_send()
        if to_peer:
            peer.receive(to_peer)
        to_us = peer.take()
        for part in pieces(to_us, piece):
            session.receive_octets(part)
            events += events_of(session)
        if not to_peer and not to_us:
            return events
    raise AssertionError("the two never fell silent")


def pieces(octets: bytes, length: int) -> Iterator[bytes]:
    """Yield octets in pieces of a length, the last one what is left."""
    for begin in range(0, len(octets), length):
        yield octets[begin : begin + length]
