# SPDX-License-Identifier: GPL-2.0-or-later
"""One request and its response: octets in, a verdict out."""

from __future__ import annotations

import h11

from lvs_rawcheck.checks.base import FIRST_OCTET, Conversation, Reason, Verdict
from lvs_rawcheck.checks.http.response import ResponseReader
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.http.expectations import Expectations
    from lvs_rawcheck.checks.http.request import HttpRequest


class HttpConversation(Conversation):
    """Asks once, and judges the answer. What it has read stays there to be looked at."""

    __slots__ = ("_endpoint", "_expectations", "_heard", "_reader", "_request", "_response", "_unsent", "body")

    kind = "http"

    def __init__(self, request: HttpRequest, expectations: Expectations) -> None:
        self._request = request
        self._expectations = expectations
        self._endpoint: Endpoint | None = None
        self._unsent = b""
        self._heard = False
        self._reader = ResponseReader(request.method)
        self._response: h11.Response | h11.InformationalResponse | None = None
        self.body = expectations.new_body()

    def note_endpoint(self, endpoint: Endpoint) -> None:
        """Take note of what is asked for where no other host is named."""
        self._endpoint = endpoint

    def connected(self) -> Verdict | None:
        """Ask."""
        self._unsent = self._request.to_octets(self._endpoint)
        return None

    def octets_to_send(self) -> bytes:
        """Return the request, once."""
        octets, self._unsent = self._unsent, b""
        return octets

    def data_received(self, octets: bytes) -> Verdict | None:
        """Read on, and judge what can be judged."""
        self._heard = True
        try:
            for event in self._reader.read(octets):
                verdict = self._judge(event)
                if verdict is not None:
                    return verdict
        except RemoteProtocolError as error:
            return Verdict(Reason.PROTOCOL, str(error))
        return None

    def peer_closed(self) -> Verdict | None:
        """Judge what has come: without a length, that is how a body ends."""
        if self._reader.ends_here():
            return self._judge_whole()
        return Verdict(Reason.CLOSED, f"closed {self._where()}")

    def awaiting(self) -> str:
        """Return what is being waited for."""
        if self._response is None:
            return "the end of the header" if self._heard else "an answer"
        return f"the end of the body, {self.body.octets} octets so far,"

    def phases_reached(self) -> Sequence[str]:
        """Return whether anything has come."""
        return FIRST_OCTET if self._heard else ()

    def facts(self) -> dict[str, object]:
        """Return what the answer was, as far as it came."""
        if self._response is None:
            return {}
        facts: dict[str, object] = {"status": self._response.status_code, "body_octets": self.body.octets}
        return {**facts, **self.body.digests()}

    def describe(self, octets: bytes) -> list[str]:
        """Return a header line by line, and of content how much it is."""
        from lvs_rawcheck.checks.http.narration import lines_of  # for `explain`: no check loads it

        return lines_of(octets)

    def _judge(self, event: h11.Event) -> Verdict | None:
        if type(event) is h11.Data:
            return self._judge_content(event.data)
        if type(event) is h11.EndOfMessage:
            return self._judge_whole()
        assert isinstance(event, h11.Response | h11.InformationalResponse)
        return self._judge_head(event)

    def _judge_head(self, response: h11.Response | h11.InformationalResponse) -> Verdict | None:
        self._response = response
        self.body.head = self._reader.head
        verdict = self._expectations.judge_head(response)
        if verdict is None and type(response) is h11.InformationalResponse:
            return self._judge_whole()  # 101: what follows is another protocol's
        return verdict

    def _judge_content(self, octets: bytes) -> Verdict | None:
        was_whole = self.body.is_whole
        self.body.take(octets)
        if was_whole and not self.body.is_whole:
            return self._expectations.judge_long_body(self.body)
        return None

    def _judge_whole(self) -> Verdict:
        assert self._response is not None
        passed = Verdict(Reason.OK, f"status {self._response.status_code}, {self.body.octets} octets of body")
        return self._expectations.judge_body(self.body) or passed

    def _where(self) -> str:
        if self._response is not None:
            return f"in the middle of the body, after {self.body.octets} octets of it"
        if self._reader.head_octets:
            return f"in the middle of the header, after {self._reader.head_octets} octets"
        return "without an answer"
