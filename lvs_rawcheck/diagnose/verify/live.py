# SPDX-License-Identifier: GPL-2.0-or-later
"""Each planned check against the checkers that keepalived runs: there, with its command, as its user, and running.

Reading list: keepalived's check_misc.c: a script that is missing, not executable, insecure or of an unknown user is
dropped as it loads, and the server stays up; lib/notify.c, system_call_script: one that cannot be executed later counts
as a success.
"""

from __future__ import annotations

import os
import pwd
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

from lvs_rawcheck.config.keepalived.model import Checker, GlobalSettings
from lvs_rawcheck.diagnose.verify.finding import Finding
from lvs_rawcheck.diagnose.verify.planned import PlannedCheck, is_ours
from lvs_rawcheck.director.keepalived_dump import FILE_CHECK, Dump, LiveChecker
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.scripts import script_fault
from lvs_rawcheck.registry.names import parse_check_id
from lvs_rawcheck.wire.address import format_address

_RELOAD = "reload keepalived"
FaultOf = Callable[[str, str | None], str | None]
"""Why a script would not run as a user."""


@dataclass(slots=True)
class Matched:
    """What was found of the planned checks. live: the checker of each that has one, by the index of the planned."""

    findings: list[Finding] = field(default_factory=list)
    live: dict[int, LiveChecker] = field(default_factory=dict)


def match(planned: list[PlannedCheck], dump: Dump, settings: GlobalSettings) -> Matched:
    """Return which planned checks are live, and a finding for each that is not, or is another than planned."""
    matched = Matched()
    running: dict[tuple[str, bytes], list[LiveChecker]] = defaultdict(list)
    for live in dump.checkers:
        running[live.virtual_server, live.address].append(live)
    known = {each.key for each in dump.virtual_servers}
    fault_of = cache(script_fault)  # thousands of checks run one script
    for number, check in enumerate(planned):
        candidates = running[check.virtual_key, check.address]
        live_one = next((each for each in candidates if _is_it(check, each)), None)
        if live_one is None:
            matched.findings.append(_not_live(check, candidates, check.virtual_key in known, fault_of, settings))
            continue
        candidates.remove(live_one)
        matched.live[number] = live_one
        if check.track_file is None:
            matched.findings += _differences(check, live_one, fault_of)
    matched.findings += _unplanned(planned, running)
    return matched


def _is_it(check: PlannedCheck, live: LiveChecker) -> bool:
    if check.track_file is not None:
        return live.kind == FILE_CHECK and live.track_file == check.check_id
    return _same_command(check.argv, live.argv)


def _same_command(argv: list[str], live: list[str]) -> bool:
    """Return whether keepalived runs a command: of its first word it makes the canonical path.

    It keeps the name of a link where the link's target has a file of that name beside it (check_script_secure in
    lib/notify.c).
    """
    if argv[1:] != live[1:] or not live:
        return False
    folder, _, name = argv[0].rpartition("/")
    real = os.path.realpath(argv[0])
    beside = f"{real.rpartition('/')[0]}/{name}"
    return live[0] in (argv[0], f"{os.path.realpath(folder or '/').rstrip('/')}/{name}", real, beside)


def _not_live(
    check: PlannedCheck, candidates: list[LiveChecker], known: bool, fault_of: FaultOf, settings: GlobalSettings
) -> Finding:
    other = next((each for each in candidates if check.check_id is not None and check.check_id in each.argv), None)
    if other is not None:
        candidates.remove(other)
        what = f"keepalived runs `{' '.join(other.argv)}`, planned is `{' '.join(check.argv)}` ({check.place})"
        return Finding("other-command", check.label, what, _RELOAD)
    fault = fault_of(check.argv[0], _user(check, settings)) if check.argv else None
    if fault is not None:
        what = f"not live, the server is up unchecked: keepalived drops what it cannot run, or not safely: {fault}"
        return Finding("not-live", check.label, what, f"put that right, and {_RELOAD}")
    if not known:
        what = f"not live: keepalived has no virtual server {check.virtual_key} ({check.place})"
        return Finding("not-live", check.label, what, _RELOAD)
    what = f"not live, the server is up unchecked ({check.place})"
    return Finding("not-live", check.label, what, f"{_RELOAD}; if that does not help, its log says why it was dropped")


def _user(check: PlannedCheck, settings: GlobalSettings) -> str | None:
    return check.user or settings.script_user


def _differences(check: PlannedCheck, live: LiveChecker, fault_of: FaultOf) -> Iterator[Finding]:
    wanted = _uid(check.user) if check.user is not None else 0
    if wanted is not None and live.uid != wanted:
        what = f"keepalived runs it as user {live.uid}, planned is {check.user or 'root'} ({check.place})"
        yield Finding("user", check.label, what, f"write `user` in its stanza, and {_RELOAD}")
    if live.dynamic:
        what = f"it has misc_dynamic, by which an exit status is taken for a weight ({check.place})"
        yield Finding("dynamic", check.label, what, f"take misc_dynamic away, and {_RELOAD}")
    fault = fault_of(check.argv[0], check.user)
    if fault is not None:
        what = f"its script does not run any more, which keepalived takes for success, or not safely: {fault}"
        yield Finding("script", check.label, what, "put that right: until then the server is up whatever it does")


def _uid(user: str) -> int | None:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def _unplanned(planned: list[PlannedCheck], running: dict[tuple[str, bytes], list[LiveChecker]]) -> Iterator[Finding]:
    """Yield what runs of ours beyond the configuration, and what does not of the site's own beside ours."""
    ours = {id(check.checker) for check in planned}
    for (key, address), rest in running.items():
        for live in rest:
            if is_ours(live.argv) or _is_our_file(live):
                named = live.track_file or " ".join(live.argv)
                what = f"keepalived runs `{named}`, which its configuration has no more"
                yield Finding("unplanned", f"{format_address(address)} of {key}", what, _RELOAD)
    servers = {(check.virtual_key, check.address): check for check in planned}
    for place, check in servers.items():
        wanted = Counter(
            each.kind
            for each in check.real.checkers
            if id(each) not in ours and not _is_our_checker(each) and each.dropped is None
        )
        found = Counter(each.kind for each in running.get(place, ()))
        for kind in wanted:
            if not found[kind]:
                what = f"the {kind} beside it in the configuration is not live"
                yield Finding("not-live-beside", check.label, what, "keepalived's log says why it was dropped")


def _is_our_file(live: LiveChecker) -> bool:
    """Return whether a FILE_CHECK has a name as only ours have: a check's ID."""
    try:
        return live.track_file is not None and bool(parse_check_id(live.track_file))
    except UsageError:
        return False


def _is_our_checker(checker: Checker) -> bool:
    return checker.script is not None and is_ours(checker.script.argv)
