# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a service file, besides those of its kinds of check: a parameter each, as a kind's.

An option of `check` and its key here have one name and one meaning.
"""

from __future__ import annotations

from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.parameters import Parameter, one_of, whole_number
from lvs_rawcheck.checks.request_values import (
    parse_interface,
    parse_port,
    parse_reply_mac,
    parse_seconds,
    parse_timeout,
)
from lvs_rawcheck.director.mode import MODES
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import parse_address

_DAY = 86400.0  # seconds
_MARK_MOST = 0xFFFFFFFF


def _interval(text: str) -> float:
    return parse_seconds(text, _DAY)


def _role_file(text: str) -> str:
    """Return `auto`, or an absolute path that fits as one word into a line of words."""
    if text == requests.ROLE_AUTO:
        return text
    if not text.startswith("/") or not text.isprintable() or any(character.isspace() for character in text):
        raise UsageError(f"not auto, nor an absolute path without blanks: {text!r}")
    return text


SETTINGS = (
    Parameter(
        "role_file", "FILE|auto", "raw only while its first character is 1; auto: while the VIP is local", _role_file
    ),
    Parameter(
        "standby",
        "fallback|raw",
        "on a backup: the standard check (default), or the raw one all the same",
        one_of(requests.FALLBACK, requests.STANDBY_RAW),
        requests.FALLBACK,
    ),
    Parameter("interval", "SECONDS", "between two checks by the daemon (default 2)", _interval, 2.0),
    Parameter("retry_interval", "SECONDS", "the same while one fails (default: interval)", _interval),
    Parameter("timeout", "SECONDS", "one deadline for all of it (default 2)", parse_timeout, requests.TIMEOUT_DEFAULT),
    Parameter("fall", "NUMBER", "failures in a row before down (default 1)", whole_number(1, 1000), 1),
    Parameter("rise", "NUMBER", "successes in a row before up (default 1)", whole_number(1, 1000), 1),
    Parameter("interface", "IFACE", "send here (default: the route to the real server)", parse_interface),
    Parameter("source", "ADDRESS", "send from this address (default: the route's, never a VIP)", parse_address),
    Parameter("reply_interface", "IFACE|any", "hear answers here (default: the same interface)", parse_interface),
    Parameter(
        "reply_mac",
        "RULE",
        "whose answers count: real-server, known (default: anybody's but known neighbours'), any, or one MAC",
        parse_reply_mac,
        requests.MAC_KNOWN,
    ),
    Parameter(
        "on_cannot_judge",
        "down|standard",
        "when the fault is ours: fail, or make the standard check instead (default)",
        one_of(requests.DOWN, requests.STANDARD_INSTEAD),
        requests.STANDARD_INSTEAD,
    ),
    Parameter("clean_close", None, "leave by FIN and wait for the server's, instead of RST", default=False),
    Parameter(
        "vip_policy",
        "all|any",
        "of several endpoints all must pass (default), or any one",
        one_of(requests.VIPS_ALL, requests.VIPS_ANY),
        requests.VIPS_ALL,
    ),
    Parameter("prove_vip", "true|false", "of every udp check that does not say itself", one_of("true", "false")),
    Parameter("mode", "MODE", f"{', '.join(MODES)} (default {MODES[0]})", one_of(*MODES), MODES[0]),
)
"""Of a service, or of one real server, which goes first."""

SERVICE_KEYS = (
    Parameter("protocol", "tcp|udp|sctp", "the virtual service's (default tcp)", one_of("tcp", "udp", "sctp"), "tcp"),
    Parameter("min_healthy", "NUMBER", "real servers that stay up whatever is found", whole_number(0, 65535), 0),
)
SERVER_KEYS = (Parameter("port", "PORT", "of the standard check (default: the endpoint's)", parse_port),)
STANDBY_KEYS = (
    Parameter("connect_ip", "ADDRESS", "connect to this address (default: the real server's)", parse_address),
    Parameter("connect_port", "PORT", "connect to this port (default: the real server's)", parse_port),
    Parameter("bindto", "ADDRESS", "connect from this address, while it is here", parse_address),
    Parameter("bind_port", "PORT", "connect from this port", parse_port, 0),
    Parameter("bind_if", "IFACE", "connect through this interface", parse_interface),
    Parameter("fwmark", "NUMBER", "the mark of its packets", whole_number(0, _MARK_MOST), 0),
)
"""Where a standby check goes, in the words of keepalived's checkers; besides, it has a kind and that kind's keys."""
