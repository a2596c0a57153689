# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS around a conversation that knows nothing of it: ciphertext outside, plaintext inside.

How a stream ends is judged as keepalived's SSL_GET judges it (ssl_read_thread in check_ssl.c): whatever ends it
(close_notify, no close_notify, a broken record, an alert), what was received until then is looked at as if the
server had closed. Only the reason differs: where that is not enough and TLS broke, it is `tls`.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Conversation, Reason, Verdict
from lvs_rawcheck.errors import RemoteProtocolError
from lvs_rawcheck.tls.events import DataReceived, Failed, PeerClosed, Secured
from lvs_rawcheck.tls.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.tls.events import Event
    from lvs_rawcheck.tls.settings import Settings

NAMES_TOLD = 100
"""A certificate may list thousands; nobody reads more in JSON."""
_PHASE = "tls"


class OverTls(Conversation):
    """A conversation secured from the first octet; `inner` is what is said inside."""

    __slots__ = ("_clear_phases", "_secured", "_session", "_settings", "inner", "kind")

    def __init__(self, inner: Conversation, settings: Settings) -> None:
        self.kind = inner.kind
        self.inner = inner
        self._settings = settings
        self._session: Session | None = None
        self._secured = False
        self._clear_phases = 0
        """How many phases the inner conversation passed before the stream was secured."""

    def note_endpoint(self, endpoint: Endpoint) -> None:
        """Tell the inner conversation what is checked."""
        self.inner.note_endpoint(endpoint)

    def connected(self) -> Verdict | None:
        """Begin the handshake."""
        self._begin_handshake()
        return None

    def data_received(self, octets: bytes) -> Verdict | None:
        """Decrypt, and tell the inner conversation what came of it."""
        assert self._session is not None
        self._session.receive_octets(octets)
        return self._take_events(self._session)

    def peer_closed(self) -> Verdict | None:
        """Tell the session, which knows whether that was to be expected."""
        assert self._session is not None
        self._session.peer_eof()
        return self._take_events(self._session)

    def octets_to_send(self) -> bytes:
        """Return what TLS has to say, and what the inner conversation has, encrypted."""
        assert self._session is not None
        if self._secured:
            octets = self.inner.octets_to_send()
            if octets:
                self._session.send(octets)
        return self._session.octets_to_send()

    def settled(self) -> Verdict | None:
        """Return the verdict of the inner conversation where it stands already."""
        return self.inner.settled()

    def awaiting(self) -> str:
        """Return what is being waited for."""
        return self.inner.awaiting() if self._secured else "the end of the TLS handshake"

    def phases_reached(self) -> Sequence[str]:
        """Return the phases of the inner conversation, and among them `tls`."""
        phases = self.inner.phases_reached()
        if not self._secured:
            return phases
        return (*phases[: self._clear_phases], _PHASE, *phases[self._clear_phases :])

    def facts(self) -> dict[str, object]:
        """Return what was agreed upon and the certificate, and what the inner conversation says."""
        facts: dict[str, object] = {}
        if self._session is not None and self._session.secured:
            facts["tls"] = self._session.parameters()
            facts["certificate"] = _certificate_facts(self._session)
            facts["certificate_sha256"] = self._session.certificate_digest()
        return {**facts, **self.inner.facts()}

    def describe(self, octets: bytes) -> list[str]:
        """Return lines that tell some octets of the plaintext."""
        return self.inner.describe(octets)

    def _take_events(self, session: Session) -> Verdict | None:
        while (event := session.next_event()) is not None:
            verdict = self._judge(event)
            if verdict is not None:
                return verdict
        return None

    def _judge(self, event: Event) -> Verdict | None:
        if isinstance(event, DataReceived):
            return self.inner.data_received(event.octets)
        if isinstance(event, Secured):
            self._secured = True
            self._clear_phases = len(self.inner.phases_reached())
            return self._tell_secured()
        if isinstance(event, PeerClosed):
            return self._judge_end(event)
        assert isinstance(event, Failed)
        return self._judge_failure(event)

    def _begin_handshake(self) -> None:
        self._session = Session(self._settings, clock.wall_now())

    def _tell_secured(self) -> Verdict | None:
        """Tell the inner conversation: for one that knows nothing of TLS, it is connected only now."""
        return self.inner.connected()

    def _judge_end(self, event: PeerClosed) -> Verdict | None:
        if not self._secured:
            return Verdict(Reason.CLOSED, "the server closed the connection during the TLS handshake")
        verdict = self.inner.peer_closed()
        if verdict is not None and not verdict.healthy and not event.clean:
            verdict.detail += "; TLS was cut off, not closed"
        return verdict

    def _judge_failure(self, event: Failed) -> Verdict:
        settled = self.inner.settled() if self._secured else None
        verdict = settled or (self.inner.peer_closed() if self._secured else None)
        if verdict is None or (settled is None and not verdict.healthy):
            return Verdict(Reason.TLS, event.sentence)
        verdict.detail += f"; then {event.sentence}"
        return verdict


class OverStartTls(OverTls):
    """A conversation begun in the clear, and secured when it says that it is ready for TLS."""

    __slots__ = ("_last_clear",)

    def __init__(self, inner: Conversation, settings: Settings) -> None:
        super().__init__(inner, settings)
        self._last_clear = b""
        """What was said in the clear and has not been sent when the handshake begins."""

    def connected(self) -> Verdict | None:
        """Begin in the clear."""
        return self._secured_if_ready(self.inner.connected())

    def data_received(self, octets: bytes) -> Verdict | None:
        """Hand on what is in the clear, decrypt what is not."""
        if self._session is not None:
            return super().data_received(octets)
        return self._secured_if_ready(self.inner.data_received(octets))

    def peer_closed(self) -> Verdict | None:
        """Tell the inner conversation, or the session, whose stream it is."""
        return self.inner.peer_closed() if self._session is None else super().peer_closed()

    def octets_to_send(self) -> bytes:
        """Return what is said in the clear first, then what is not."""
        if self._session is None:
            return self.inner.octets_to_send()
        clear, self._last_clear = self._last_clear, b""
        return clear + super().octets_to_send()

    def awaiting(self) -> str:
        """Return what is being waited for."""
        return self.inner.awaiting() if self._session is None else super().awaiting()

    def _secured_if_ready(self, verdict: Verdict | None) -> Verdict | None:
        """Return what the inner conversation said; begin the handshake if it said so."""
        if verdict is None and self.inner.ready_for_tls:
            self._last_clear = self.inner.octets_to_send()
            self._begin_handshake()
        return verdict

    def _tell_secured(self) -> Verdict | None:
        return self.inner.secured()


def over_tls(make: Callable[[], Conversation], settings: Settings) -> Callable[[], OverTls]:
    """Return what makes conversations that are secured from the first octet."""
    return lambda: OverTls(make(), settings)


def over_start_tls(make: Callable[[], Conversation], settings: Settings) -> Callable[[], OverTls]:
    """Return what makes conversations that are secured when they say so."""
    return lambda: OverStartTls(make(), settings)


def _certificate_facts(session: Session) -> dict[str, object] | None:
    """Return what JSON says of a certificate, None where it cannot be read."""
    try:
        certificate = session.certificate()
    except (RemoteProtocolError, ImportError):
        return None
    return {
        "subject": certificate.subject,
        "names": certificate.names[:NAMES_TOLD],
        "expires": certificate.expires,
    }
