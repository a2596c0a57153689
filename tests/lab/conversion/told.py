# SPDX-License-Identifier: GPL-2.0-or-later
"""What keepalived says of itself in a dump, without what changes from moment to moment.

By the lines of keepalived's own words (dump_vs, dump_rs, dump_checker... in keepalived/check/*.c, 2.2.7): what is not
named here counts.
"""

from __future__ import annotations

import re

_MOMENTARY = re.compile(r" *(?:alive|quorum_state_up|reloaded|previous effective_weight|num failed checkers|RS set) = ")
_SERVERS, _CHECKERS = "------< LVS Topology >------", "------< Health checkers >------"
_OF_A_CHECKER = re.compile(r"^ (?=\S.* -> )", re.MULTILINE)
_PACE = re.compile(r"   (Delay loop|Warmup|Retries|Alpha|Log all failures|Enabled) = (.*)")
_DELAY = re.compile(r"   (Default d|D)elay before retry = (.*)")
_METHOD = re.compile(r"   Keepalive method = (\w+)")


def servers(dump: str) -> list[str]:
    """Return the lines of virtual servers and real servers: schedulers, methods, weights, timers and all else."""
    text = dump[dump.index(_SERVERS) :].partition(_CHECKERS)[0]
    return [line for line in text.splitlines() if not _MOMENTARY.match(line)]


def checkers(dump: str) -> list[str]:
    """Return the text of each checker: first which real server of which virtual one it asks; then all about it."""
    return [text.rstrip() for text in _OF_A_CHECKER.split(dump.partition(_CHECKERS)[2])[1:]]


def pace(checker: str) -> dict[str, str]:
    """Return how often a checker asks, the delay before a retry as it counts."""
    delays = dict(_DELAY.findall(checker))
    return {**dict(_PACE.findall(checker)), "delay before retry": delays.get("D", delays["Default d"])}


def paces(dump: str) -> list[dict[str, str]]:
    """Return for each checker the server it is of, and how often it asks, the delay before a retry as it counts."""
    return [{"of": text.splitlines()[0], **pace(text)} for text in checkers(dump)]


def methods(dump: str) -> list[str]:
    """Return the kinds of the checkers, in their order."""
    return _METHOD.findall(dump)
