# SPDX-License-Identifier: GPL-2.0-or-later
r"""The script of a stream check: what is said and what is expected, step by step.

One step a line; a word, and for all but `tls` a text in double quotes. Blank lines and comments, from `#` to the end
of a line, mean nothing:

    send "PING\r\n"              # these octets
    expect "+PONG"               # these octets, somewhere in what has not been taken in yet
    expect-regex "^:[0-9]+\r\n"  # the same with a pattern of the dialect that was chosen
    tls                          # from here on secured; the server must have said no more than was expected

In the text of `send` and `expect`, \r \n \t \\ \" and \xHH are what they are in C, any other character is its UTF-8.
The text of `expect-regex` is the pattern, as it stands: patterns have the same escapes themselves.
"""

from __future__ import annotations

import re

from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    ReadPattern = Callable[[str], re.Pattern[bytes]]

_SHOWN_CHARACTERS = 60
_WORDS = ("send", "expect", "expect-regex", "tls")
# The parts cannot match each other's characters, so that no text is tried in more than one way.
_LINE = re.compile(r'(?P<word>[^\s"#]+)(?:\s*"(?P<text>(?:[^"\\]|\\.)*)")?\s*(?:#.*)?')
_MEANINGLESS = re.compile(r"\s*(?:#.*)?")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
_ESCAPED = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\", '"': b'"'}


class Step:
    """The root of all steps; its text is the line that it was, not too long."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


class Send(Step):
    """Say some octets."""

    __slots__ = ("octets",)

    def __init__(self, text: str, octets: bytes) -> None:
        super().__init__(text)
        self.octets = octets


class Expect(Step):
    """Wait for some octets."""

    __slots__ = ("octets",)

    def __init__(self, text: str, octets: bytes) -> None:
        super().__init__(text)
        self.octets = octets


class ExpectRegex(Step):
    """Wait for what a pattern matches."""

    __slots__ = ("pattern",)

    def __init__(self, text: str, pattern: re.Pattern[bytes]) -> None:
        super().__init__(text)
        self.pattern = pattern


class StartTls(Step):
    """Secure the stream."""

    __slots__ = ()


def parse_script(text: str, name: str, read_pattern: ReadPattern) -> list[Step]:
    """Return the steps of a script; UsageError with name and line."""
    lines = [(f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]
    return _judged([(place, line) for place, line in lines if not _MEANINGLESS.fullmatch(line)], name, read_pattern)


def parse_steps(texts: Iterable[str], read_pattern: ReadPattern) -> list[Step]:
    """Return the steps that were given one by one; UsageError with the step's number, from 1."""
    return _judged([(f"step {number}", text) for number, text in enumerate(texts, 1)], "step", read_pattern)


def _judged(lines: list[tuple[str, str]], name: str, read_pattern: ReadPattern) -> list[Step]:
    steps = []
    for place, line in lines:
        try:
            steps.append(_parse_step(line.strip(), read_pattern))
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from error
    if not steps:
        raise UsageError(f"{name}: a script without a step proves nothing")
    if isinstance(steps[-1], Send):
        raise UsageError(f"{lines[-1][0]}: the last step must be one that waits for the server, not send")
    if sum(isinstance(step, StartTls) for step in steps) > 1:
        raise UsageError(f"{name}: a stream can be secured only once, and there is more than one tls")
    return steps


def _parse_step(line: str, read_pattern: ReadPattern) -> Step:
    parts = _LINE.fullmatch(line)
    word = parts["word"] if parts else (line.split('"')[0].split() or [""])[0]
    if word not in _WORDS:
        raise UsageError(f"unknown step {word!r}: there are {', '.join(_WORDS)}")
    if parts is None or (parts["text"] is None) != (word == "tls"):
        rule = "stands alone" if word == "tls" else "is followed by one text in double quotes"
        raise UsageError(f"{word} {rule}")
    if word == "tls":
        return StartTls(line)
    text = parts["text"]
    if not text:
        raise UsageError(f"{word} with an empty text means nothing")
    if word == "expect-regex":
        return ExpectRegex(line, _pattern(text, read_pattern))
    return (Send if word == "send" else Expect)(line, _octets(text))


def _pattern(text: str, read_pattern: ReadPattern) -> re.Pattern[bytes]:
    pattern = read_pattern(text)
    if pattern.search(b""):
        raise UsageError(f"the pattern {text!r} matches where nothing is: any server would pass")
    return pattern


def _octets(text: str) -> bytes:
    """Return what a text between quotes stands for."""
    octets = b""
    place = 0
    for escape in _ESCAPE.finditer(text):
        octets += _utf8(text[place : escape.start()]) + _escaped(escape)
        place = escape.end()
    return octets + _utf8(text[place:])


def _escaped(escape: re.Match[str]) -> bytes:
    if escape[1] is not None:
        return bytes.fromhex(escape[1])
    if escape[2] not in _ESCAPED:
        raise UsageError(rf"unknown escape {escape[0]!r}: there are \r \n \t \\ \" and \xHH")
    return _ESCAPED[escape[2]]


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which a command line that is not UTF-8 becomes
        raise UsageError("the text is not UTF-8: write its octets as \\xHH") from None
