# SPDX-License-Identifier: GPL-2.0-or-later
"""From role to result: raw on the active director, standard on a backup, never silently neither."""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, STANDARD, Endpoint, Reason, Result, Verdict, worst
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.request import ROLE_AUTO, STANDARD_INSTEAD, STANDBY_RAW, VIPS_ANY
from lvs_rawcheck.director.role import BACKUP, read_role
from lvs_rawcheck.errors import LinkError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.checks.standard_course import StandardCourse


def run_request(request: Request, hooks: Hooks | None = None) -> Result:
    """Return the result of one check; of several endpoints the worst, with all of them in `vips`."""
    started = clock.now()
    run = _Run(request, started, started + request.timeout, hooks or Hooks())
    results = run.results()
    elapsed_ms = (clock.now() - started) * 1000
    for result in results:
        result.elapsed_ms = result.elapsed_ms or elapsed_ms
    if len(results) == 1:
        return results[0]
    return _summary(results, request.vip_policy, elapsed_ms)


def cannot_judge(kind: str, real_ip: bytes | None, endpoint: Endpoint | None, sentence: str) -> Result:
    """Return the result that says: the fault is ours."""
    return Result(kind, real_ip, endpoint, Verdict(Reason.CANNOT_JUDGE, sentence))


def decisive(results: list[Result], vip_policy: str) -> Result:
    """Return the result that stands for all of a request's endpoints."""
    healthy = [result for result in results if result.healthy]
    return healthy[0] if healthy and vip_policy == VIPS_ANY else worst(results)


def _summary(results: list[Result], vip_policy: str, elapsed_ms: float) -> Result:
    chosen = decisive(results, vip_policy)
    summary = Result(chosen.kind, chosen.real_ip, chosen.endpoint, chosen.verdict)
    summary.path = chosen.path
    summary.role = chosen.role
    summary.degraded = chosen.degraded
    summary.phases_ms = chosen.phases_ms
    summary.facts = chosen.facts
    summary.elapsed_ms = elapsed_ms
    summary.notes = list(dict.fromkeys(note for result in results for note in result.notes))
    summary.vips = results
    return summary


class _Run:
    """The endpoints of one request, each on the path that its role asks for."""

    def __init__(self, request: Request, started: float, deadline: float, hooks: Hooks) -> None:
        self.request = request
        self.started = started
        self.deadline = deadline
        self.hooks = hooks
        self._results = [Result(request.kind, request.real_ip, endpoint, _unasked()) for endpoint in request.endpoints]

    def results(self) -> list[Result]:
        """Return one result an endpoint, in order."""
        try:
            self._assign_roles()
            self._assign_paths()
        except Exception as error:  # as below, in _run_raw
            self._give_up(self._results, _fault_of_ours(error))
        self._run_raw([result for result in self._results if result.path == RAW])
        if self.request.only_path != RAW:
            self._run_standard([result for result in self._results if result.path == STANDARD])
        return self._results

    def _assign_paths(self) -> None:
        for result in self._results:
            standby = result.role == BACKUP and self.request.standby != STANDBY_RAW
            result.path = STANDARD if standby or self.request.only_path == STANDARD else RAW

    def _assign_roles(self) -> None:
        role_file = self.request.role_file
        if role_file == ROLE_AUTO:
            self._assign_roles_by_vip()
        elif role_file is not None:
            role, trouble = read_role(role_file)
            for result in self._results:
                result.role = role
                if trouble is not None:
                    result.notes.append(trouble)

    def _assign_roles_by_vip(self) -> None:
        from lvs_rawcheck.checks.roles import roles_by_vip

        roles = roles_by_vip(self.request.vips, self._half_the_time())
        for result, endpoint in zip(self._results, self.request.endpoints, strict=True):
            result.role = roles[endpoint.vip]

    def _run_raw(self, results: list[Result]) -> None:
        if not results:
            return
        try:
            from lvs_rawcheck.checks.raw import run_raw

            run_raw(self.request, results, self.started, self.deadline, self.hooks)
        except UsageError as error:
            for result in results:
                result.path = None
                result.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))
        except Exception as error:  # a fault of our own, or an upgrade under way, must not empty a pool either
            self._give_up(results, _fault_of_ours(error))

    def _give_up(self, results: list[Result], error: LinkError) -> None:
        """Our failure is not the server's: leave it to the standard check where that was asked for.

        What was judged before we failed stays judged.
        """
        results = [result for result in results if result.verdict.reason == Reason.CANNOT_JUDGE]
        for result in results:
            if self.request.on_cannot_judge == STANDARD_INSTEAD or self.request.only_path == STANDARD:
                result.path = STANDARD
                result.degraded = True
                result.notes.append(f"raw check not possible, standard check instead: {error}")
            else:
                result.path = None
                result.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))

    def _run_standard(self, results: list[Result]) -> None:
        """Judge each port of the real server once, for all the VIPs that have it; each has its share of the time."""
        checks = self.request.standard_checks
        one_for_all = checks and all(check.port is not None for check in checks)
        of_port: dict[int, list[Result]] = {}
        for result in results:
            if result.endpoint is not None:
                port = 0 if one_for_all else result.endpoint.port  # each check brings its own
                of_port.setdefault(port, []).append(result)
        if not of_port:
            return
        source = self._source()
        courses = [(self._open_course(port, source, sharing), sharing) for port, sharing in of_port.items()]
        try:
            self.hooks.sockets_open()
        except LinkError as error:  # a standard check as root is what the site had before
            for result in results:
                result.notes.append(str(error))
        for left, (course, sharing) in zip(range(len(courses), 0, -1), courses, strict=True):
            now = clock.now()
            self._run_course(course, now + (self.deadline - now) / left, sharing)

    def _open_course(self, port: int, source: bytes | None, sharing: list[Result]) -> StandardCourse | None:
        """Return the check of one port, None where it cannot be made: its results say why."""
        try:
            from lvs_rawcheck.checks.standard_course import StandardCourse

            return StandardCourse(self.request, sharing[0], port, source, self.request.standard_checks)
        except Exception as error:
            sharing[0].verdict = Verdict(Reason.CANNOT_JUDGE, str(_fault_of_ours(error)))
            return None

    def _run_course(self, course: StandardCourse | None, deadline: float, sharing: list[Result]) -> None:
        first = sharing[0]
        if course is not None:
            try:
                course.run(self.started, deadline)
            except Exception as error:
                first.verdict = Verdict(Reason.CANNOT_JUDGE, str(_fault_of_ours(error)))
            finally:
                course.close()
        for result in sharing[1:]:
            result.verdict, result.facts = first.verdict, first.facts

    def _source(self) -> bytes | None:
        """Return the address for a connection of the kernel's, None where its own choice will do."""
        try:
            from lvs_rawcheck.checks.path import source_of_connection
            from lvs_rawcheck.link.rtnetlink import Netlink

            with Netlink(self._half_the_time()) as netlink:
                return source_of_connection(netlink, self.request)
        except Exception:
            return None  # whatever is wrong with it: the standard check is what is left when all else fails

    def _half_the_time(self) -> float:
        """Return how long the kernel may take for an answer, seconds: what comes after it needs its time too."""
        return (self.deadline - clock.now()) / 2


def _fault_of_ours(error: Exception) -> LinkError:
    """Return what a check says of an exception that no server can cause."""
    if isinstance(error, LinkError):
        return error
    if isinstance(error, MemoryError):
        return LinkError("no memory")
    return LinkError(f"internal error: {type(error).__name__}: {error}")


def _unasked() -> Verdict:
    return Verdict(Reason.CANNOT_JUDGE, "not asked")
