# SPDX-License-Identifier: GPL-2.0-or-later
"""The client's end of one TLS session, over a pair of memory buffers: it touches nothing and knows no time.

Reading list: RFC 8446 and RFC 5246 (OpenSSL's work), RFC 8446 6 (alerts and how a session ends). Verbs:
`receive_octets` and `peer_eof` for what arrived, `octets_to_send`, `next_event`; its owner's are `send` and
`close`.

Invariants: at most QUIET_LIMIT octets are taken in that bring no plaintext, in the handshake or after it; after
PeerClosed or Failed there are no more events; plaintext before either is delivered first.
"""

from __future__ import annotations

import ssl

from lvs_rawcheck.errors import LocalProtocolError, RemoteProtocolError
from lvs_rawcheck.tls.events import DataReceived, Event, Failed, PeerClosed, Secured
from lvs_rawcheck.tls.faults import is_cut_off, sentence_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.tls.certificate import Certificate
    from lvs_rawcheck.tls.settings import Settings

QUIET_LIMIT = 256 * 1024
"""Octets. A handshake in earnest is a few thousand, its longest messages 100 KiB (SSL_MAX_CERT_LIST_DEFAULT in
openssl/ssl.h). Also what renegotiations, tickets and empty records may amount to before the next plaintext."""
_RECORD_OCTETS = 16384  # the most plaintext that one record holds, RFC 8446 5.1
_FIRST_OCTETS = 64  # kept, for the sentence that says what was there instead of TLS

_HANDSHAKE = "TLS handshake"
_SESSION = "TLS session"


class Session:
    """One session; its first flight is ready to be sent at once.

    wall_now: seconds since 1970 UTC, to judge the certificate's last day by.
    """

    __slots__ = (
        "_first_octets",
        "_incoming",
        "_outgoing",
        "_over",
        "_parameters",
        "_peer_certificate",
        "_quiet",
        "_secured",
        "_settings",
        "_tls",
        "_unsent",
        "_wall_now",
    )

    def __init__(self, settings: Settings, wall_now: float) -> None:
        self._settings = settings
        self._wall_now = wall_now
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = settings.context.wrap_bio(self._incoming, self._outgoing, server_hostname=settings.name_for_openssl)
        self._first_octets = b""
        self._quiet = 0
        self._unsent = b""
        self._secured = False
        self._parameters: dict[str, str | None] = {}
        self._peer_certificate: bytes | None = None
        self._over = False
        self._begin()

    # What arrived --------------------------------------------------------------------------------------

    def receive_octets(self, octets: bytes) -> None:
        """Take in octets of the transport's stream."""
        if self._over:
            return
        if len(self._first_octets) < _FIRST_OCTETS:
            self._first_octets += octets[: _FIRST_OCTETS - len(self._first_octets)]
        self._quiet += len(octets)
        self._incoming.write(octets)

    def peer_eof(self) -> None:
        """Take note that the transport brings no more."""
        self._incoming.write_eof()

    def next_event(self) -> Event | None:
        """Return what happened next, None when there is no more to tell for now."""
        if self._over:
            return None
        event = self._read() if self._secured else self._shake_hands()
        if event is None and self._quiet > QUIET_LIMIT:
            event = Failed(f"more than {QUIET_LIMIT} octets of TLS with nothing in them")
        if isinstance(event, Failed | PeerClosed):
            self._over = True
        return event

    # What goes out -------------------------------------------------------------------------------------

    def send(self, octets: bytes) -> None:
        """Send plaintext, once the session is secured."""
        self._unsent += octets
        self._write()

    def octets_to_send(self) -> bytes:
        """Return octets for the transport, each once."""
        if self._unsent and not self._over:
            self._write()
        return self._outgoing.read()

    def close(self) -> None:
        """Say close_notify, after which nothing is sent."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            return  # the peer has not said its own, or it is too early or too late to say ours

    # What is known -------------------------------------------------------------------------------------

    @property
    def secured(self) -> bool:
        """Return whether the handshake is complete."""
        return self._secured

    def parameters(self) -> dict[str, str | None]:
        """Return what was agreed upon: version, cipher, alpn; nothing before the handshake is complete."""
        return self._parameters

    def certificate(self) -> Certificate:
        """Return the server's certificate; RemoteProtocolError: it has none, or it cannot be read."""
        from lvs_rawcheck.tls.certificate import parse_certificate  # for those alone who look into one

        if not self._secured:
            raise RemoteProtocolError("no certificate has been accepted")
        if self._peer_certificate is None:
            raise RemoteProtocolError("the server showed no certificate")
        return parse_certificate(self._peer_certificate)

    def certificate_digest(self) -> str | None:
        """Return the SHA-256 of the server's certificate in hexadecimal digits, None where it showed none.

        Of all its octets, as `openssl x509 -fingerprint -sha256` has it: read or not, two are the same or not.
        """
        from hashlib import sha256

        return sha256(self._peer_certificate).hexdigest() if self._peer_certificate is not None else None

    # OpenSSL -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        event = self._shake_hands()
        if event is not None:  # before the server has said anything: such a session cannot be
            raise LocalProtocolError(f"no TLS session can be begun: {event}")

    def _shake_hands(self) -> Event | None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            return self._judge(error, _HANDSHAKE)
        self._secured = True
        self._keep_agreement()
        self._quiet = self._incoming.pending
        objection = self._objection()
        return Failed(objection) if objection else Secured()

    def _keep_agreement(self) -> None:
        """Keep what OpenSSL no longer tells of a session that broke, even if that was only at its end."""
        cipher = self._tls.cipher()
        self._parameters = {
            "version": self._tls.version(),
            "cipher": cipher[0] if cipher else None,
            "alpn": self._tls.selected_alpn_protocol(),
        }
        self._peer_certificate = self._tls.getpeercert(True)

    def _read(self) -> Event | None:
        try:
            octets = self._tls.read(_RECORD_OCTETS)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            return self._judge(error, _SESSION)
        if not octets:
            return PeerClosed(clean=True)
        self._quiet = self._incoming.pending
        return DataReceived(octets)

    def _write(self) -> None:
        """Encrypt what there is; in the middle of a renegotiation OpenSSL takes it later (SSL_write(3))."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._tls.write(self._unsent) :]
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError:
            self._unsent = b""  # the next read says what is wrong

    def _judge(self, error: ssl.SSLError, during: str) -> Event:
        if isinstance(error, ssl.SSLZeroReturnError):
            return PeerClosed(clean=True)
        if is_cut_off(error):
            return PeerClosed(clean=False)
        return Failed(sentence_of(error, self._first_octets, during))

    def _objection(self) -> str | None:
        """Return what the settings demand and the server does not offer, None when all is well."""
        settings = self._settings
        chosen = self._tls.selected_alpn_protocol()
        if settings.required_alpn is not None and chosen != settings.required_alpn:
            return f"the server chose {chosen or 'no protocol'} by ALPN, not {settings.required_alpn}"
        if not settings.reads_certificate:
            return None
        from lvs_rawcheck.tls.demands import objection_to

        try:
            return objection_to(self.certificate(), settings, self._wall_now)
        except RemoteProtocolError as error:
            return str(error)
