# SPDX-License-Identifier: GPL-2.0-or-later
"""Host and service names, for the drop-in commands: asked of the system, never for longer than a check may take.

The C library's resolver knows no deadline and cannot be interrupted: so a child process asks it, which is killed when
its time is up. What is an address or a number already is read here, strictly: the C library takes `010.1` for 8.0.0.1.
"""

from __future__ import annotations

import _socket
import os
import select
from _signal import ITIMER_REAL, SIG_DFL, SIGALRM, SIGCHLD, SIGKILL, setitimer, signal

from lvs_rawcheck import clock
from lvs_rawcheck.checks.parameters import DECIMAL
from lvs_rawcheck.checks.request_values import parse_port
from lvs_rawcheck.errors import LinkError, RawCheckError, UsageError
from lvs_rawcheck.wire.address import parse_address, socket_family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_HOST_NAME_OCTETS = 253  # RFC 1035 2.3.4, less the root's length octet and dot
_SERVICE_NAME_OCTETS = 255
_HOST_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_."
_ANSWER_OCTETS = 4096
_FAILED = "!"  # begins an answer that is a sentence of regret


def resolve_hosts(real_server: str, vip: str, deadline: float) -> tuple[bytes, bytes]:
    """Return the addresses of real server and VIP, of one family: an address's own, else IPv4 before IPv6.

    deadline: monotonic seconds. UsageError: not a name, or unknown. LinkError: not known in time.
    """
    literals = [_literal(word) for word in (real_server, vip)]
    if literals[0] is not None and literals[1] is not None:
        return literals[0], literals[1]
    families = [socket_family(literal) for literal in literals if literal is not None] or [
        _socket.AF_INET,
        _socket.AF_INET6,
    ]

    def look_up() -> str:
        return ",".join(_one_family(real_server, vip, families))

    names = " and ".join(repr(word) for word, literal in zip((real_server, vip), literals, strict=True) if not literal)
    real_ip, vip_address = ask_by(deadline, look_up, f"host name {names}").split(",")
    return parse_address(real_ip), parse_address(vip_address)


def resolve_port(text: str, deadline: float) -> int:
    """Return the port that a number or a TCP service's name stands for; errors as of `resolve_hosts`."""
    if not any("a" <= character <= "z" for character in text.lower()):
        return parse_port(text)  # a service's name has a letter: RFC 6335 5.1
    if len(text.encode("utf-8", "replace")) > _SERVICE_NAME_OCTETS:
        raise UsageError(f"not a port, nor a service name: {text[:20]!r}...")

    def look_up() -> str:
        try:
            return str(_socket.getservbyname(text, "tcp"))
        except (OSError, ValueError):
            raise UsageError(f"not a port (1 to 65535), nor a TCP service known to this system: {text!r}") from None

    return parse_port(ask_by(deadline, look_up, f"service name {text!r}"))


def _literal(word: str) -> bytes | None:
    """Return the octets of an address, None for a host name; UsageError for what is neither."""
    if ":" in word or "%" in word or _ends_in_number(word):
        return parse_address(word)
    fits = 0 < len(word) <= _HOST_NAME_OCTETS and all(character in _HOST_NAME_CHARACTERS for character in word.lower())
    if not fits or word[0] in "-.":
        shown = repr(word) if len(word) <= _HOST_NAME_OCTETS else f"{word[:20]!r}..."
        raise UsageError(f"not an address, nor a host name: {shown}")
    return None


def _ends_in_number(word: str) -> bool:
    """Return whether the last label is a number: the C library reads such a name as an address, octal and all."""
    last = word.removesuffix(".").rpartition(".")[2].lower()
    return bool(last) and (all(digit in DECIMAL for digit in last) or last.startswith("0x"))


def _one_family(real_server: str, vip: str, families: list[int]) -> tuple[str, str]:
    """Return both addresses as text, of the first family in which there are both."""
    regret = UsageError(f"{real_server} and {vip} have no family in common")
    for family in families:
        try:
            return _first_address(real_server, family), _first_address(vip, family)
        except UsageError as error:
            regret = error
    raise regret


def _first_address(name: str, family: int) -> str:
    try:
        found = _socket.getaddrinfo(name, None, family, _socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"host name {name!r}: {reason}") from None
    return str(found[0][4][0])


def ask_by(deadline: float, look_up: Callable[[], str], subject: str) -> str:
    """Return what look_up returns, called in a child; its UsageError too. LinkError when the deadline passes."""
    signal(SIGCHLD, SIG_DFL)  # where it is inherited as ignored, the kernel reaps the child before we can
    try:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        child = os.fork()  # if this fails, the pipe ends with the process
    except OSError as error:
        raise LinkError(f"cannot resolve {subject}: {error.strerror}") from error
    if child == 0:
        _answer(writer, look_up, deadline)
    os.close(writer)
    try:
        answer = _read_by(reader, deadline)
    finally:
        os.close(reader)
        os.kill(child, SIGKILL)  # not reaped yet, so the number is still its own
        os.waitpid(child, 0)
    if not answer:
        raise LinkError(f"{subject} was not resolved in time")
    if answer.startswith(_FAILED):
        raise UsageError(answer.removeprefix(_FAILED))
    return answer


def _answer(writer: int, look_up: Callable[[], str], deadline: float) -> None:
    """Be the child: write the answer and end, by the alarm if the parent has died meanwhile."""
    try:
        signal(SIGALRM, SIG_DFL)
        setitimer(ITIMER_REAL, max(deadline - clock.now(), 0.001))
        os.write(writer, _words_of(look_up).encode("utf-8", "backslashreplace"))
    finally:
        os._exit(0)  # whatever happened: nothing of the parent's is the child's to go on with


def _words_of(look_up: Callable[[], str]) -> str:
    try:
        return look_up()
    except RawCheckError as error:
        return f"{_FAILED}{error}"


def _read_by(reader: int, deadline: float) -> str:
    """Return what the child says, "" if it ends or the deadline passes without a word."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    seconds = deadline - clock.now()
    if seconds <= 0 or not poll.poll(int(seconds * 1000) + 1):
        return ""
    return os.read(reader, _ANSWER_OCTETS).decode()
