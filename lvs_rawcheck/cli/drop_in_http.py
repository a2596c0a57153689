# SPDX-License-Identifier: GPL-2.0-or-later
"""What the C tool's two HTTP programs have in common: a URL of the server's, and what -v tells of the response."""

from __future__ import annotations

from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.cli.drop_in import DropIn
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.one_shot import verbosity
from lvs_rawcheck.cli.output import complain
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvs_rawcheck.checks.base import Conversation
    from lvs_rawcheck.checks.http.conversation import HttpConversation
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Parameter
    from lvs_rawcheck.cli.options import CommandLine

SUMMARY, WITH_BODY, WITH_PACKETS = 1, 2, 3  # times -v
_BODY_SHOWN_OCTETS = 64 * 1024


class HttpDropIn(DropIn):
    """A response is as expected."""

    kind = "http"
    awaited_answers = 4  # ARP's, TCP's, the response's header and its body
    verbose_help = "print the response's header; twice: its body; three times: the TCP packets; four times: ARP too"

    def __init__(self) -> None:
        self._conversation: HttpConversation | None = None

    def told(self, line: CommandLine, words: list[str]) -> dict[str, object]:
        """Return what the command line says, by the names of the kind's parameters, as text; UsageError."""
        raise NotImplementedError

    def steps(self, line: CommandLine, words: list[str]) -> tuple[Step, ...]:
        """Return the one step; the conversation is kept, to be told of."""
        kind = load_kind(self.kind, import_site_packages)
        make = kind.prepare(_values(kind.parameters, {"http_version": "1.1", **self.told(line, words)}))
        shows_body = verbosity(line) >= WITH_BODY

        def begin() -> Conversation:
            from lvs_rawcheck.checks.http.conversation import HttpConversation

            conversation = make()
            assert isinstance(conversation, HttpConversation)
            if shows_body:
                conversation.body.keep(_BODY_SHOWN_OCTETS)
            self._conversation = conversation
            return conversation

        return (begin,)

    def packet_verbosity(self, verbose: int) -> int:
        """Return 1 for -vvv, 2 for -vvvv."""
        return max(0, verbose - WITH_PACKETS + 1)

    def tell_response(self, verbose: int) -> None:
        """Say the header, how much content there was, and with -vv the content."""
        from lvs_rawcheck.checks.http.narration import head_lines, text_lines

        body = self._conversation.body if self._conversation is not None else None
        if body is None or not body.head:
            complain("no response")
            return
        for line in head_lines(body.head):
            complain(line)
        complain("")
        complain(f"[{body.octets} octets of body]")
        if verbose >= WITH_BODY:
            for line in text_lines(bytes(body.kept)):
                complain(line)


def _values(parameters: tuple[Parameter, ...], told: Mapping[str, object]) -> Values:
    """Return the values of a kind's parameters, of texts and lists of texts; UsageError names the parameter."""
    values = defaults(parameters)
    for parameter in parameters:
        texts = told.get(parameter.name)
        if texts is None:
            continue
        try:
            if isinstance(texts, list):
                values[parameter.name] = [parameter.convert(text) for text in texts]
            else:
                values[parameter.name] = parameter.convert(str(texts))
        except UsageError as error:
            raise UsageError(f"{parameter.name.replace('_', ' ')}: {error}") from error
    return Values(values)
