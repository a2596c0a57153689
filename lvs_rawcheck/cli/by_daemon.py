# SPDX-License-Identifier: GPL-2.0-or-later
"""A check of the registry made by the daemon, for a user who cannot send raw frames.

What the daemon tells others counts, as in the verdict that keepalived reads without a process: a single result that
speaks against it, a hold, and `min_healthy` change nothing here either; they are in the detail. As there, a verdict of
another role than that of now counts no more: nothing could be judged since the takeover.
Fail-safe: that decides only where the daemon knows. In every other case (no daemon, not allowed to ask
it, it hangs, it ends meanwhile) the check is made here as without a daemon, in the time that is left.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, REASONS, STANDARD, Reason, Result, Verdict
from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.director.control_socket import ControlConnection, NoDaemon
from lvs_rawcheck.director.role import BACKUP, MASTER, read_role
from lvs_rawcheck.errors import LinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from lvs_rawcheck.checks.hooks import Hooks
    from lvs_rawcheck.checks.request import Request

_HEARD_SECONDS = 0.5  # a daemon that lives says within it that it has heard
_HEARD_SHARE = 0.25  # of the check's time, at most: the rest is for the check that is made without it
_ON_ITS_WAY_SECONDS = 0.3  # the daemon's own deadline is ours, and it may come first
_KERNEL_SECONDS = 0.2  # for each of its answers
_TIME_LEAST = 0.2  # seconds: with what is above, within the grace that a check has after its deadline


class ByDaemon:
    """One check of the registry, by its ID."""

    def __init__(self, state_dir: str, check_id: str) -> None:
        self._state_dir = state_dir
        self._id = check_id
        self.has_judged = False
        """Whether the last result is the daemon's."""

    def before(self, otherwise: Callable[[Request, Hooks], Result]) -> Callable[[Request, Hooks], Result]:
        """Return what runs a request: by the daemon, `otherwise` where it cannot tell."""

        def run(request: Request, hooks: Hooks) -> Result:
            started = clock.now()
            trouble = None
            try:
                result = self._ask(request, started)
            except NoDaemon:
                result = None
            except LinkError as error:
                result, trouble = None, str(error)
            self.has_judged = result is not None
            if result is None:
                request.timeout = max(started + request.timeout - clock.now(), _TIME_LEAST)
                result = otherwise(request, hooks)
            if trouble is not None:
                result.notes.append(trouble)
            return result

        return run

    def _ask(self, request: Request, started: float) -> Result | None:
        """Return what the daemon tells others, None where it knows nothing; LinkError where it does not say."""
        heard_by = started + min(_HEARD_SECONDS, request.timeout * _HEARD_SHARE)
        with ControlConnection(self._state_dir, heard_by) as connection:
            connection.ask({"op": "check", "id": self._id})
            connection.next_line()
            connection.deadline = started + request.timeout + _ON_ITS_WAY_SECONDS
            found = connection.next_line()
        result = _result(request, found)
        if result is not None:
            result.elapsed_ms = (clock.now() - started) * 1000
        return result


def _result(request: Request, told: dict[str, object]) -> Result | None:
    verdict = _verdict(told)
    path, role = _one_of(told.get("path"), RAW, STANDARD), _one_of(told.get("role"), MASTER, BACKUP)
    if verdict is None or not _counts_now(request, path, role):
        return None
    result = Result(request.kind, request.real_ip, request.endpoints[0], verdict)
    result.path, result.role = path, role
    result.degraded = told.get("degraded") is True
    return result


def _counts_now(request: Request, path: str | None, role: str | None) -> bool:
    """Return whether a verdict by this path, in this role, is one of the way that the check is made now."""
    if request.only_path not in (None, path):
        return False
    return request.role_file is None or role == _role_now(request.role_file, request.vips)


def _role_now(role_file: str, vips: Collection[bytes]) -> str | None:
    """Return the role of all VIPs as the daemon knows it: None where they do not agree; LinkError."""
    if role_file != ROLE_AUTO:
        return read_role(role_file)[0]
    roles = set(roles_by_vip(vips, _KERNEL_SECONDS).values())
    return roles.pop() if len(roles) == 1 else None


def _verdict(told: dict[str, object]) -> Verdict | None:
    """Return what counts, None where nothing does. The last result that could judge is told, or named beside it."""
    last, healthy, detail = told.get("reason"), told.get("healthy"), str(told.get("detail"))
    reason = Reason.OK if healthy is True else told.get("told_reason")
    known = isinstance(reason, str) and reason in REASONS and (reason == Reason.OK) == healthy
    if not known or not isinstance(reason, str) or last not in REASONS or last == Reason.CANNOT_JUDGE:
        return None
    held = told.get("held") is True
    if held or (last == Reason.OK) != healthy:
        why = f"held: {told.get('why_held')}" if held else "more results in a row are wanted to change it"
        detail = f"{'up' if healthy else 'down'}, {why}; the last result: {last}: {detail}"
    return Verdict(reason, detail)


def _one_of(value: object, *words: str) -> str | None:
    return value if isinstance(value, str) and value in words else None
