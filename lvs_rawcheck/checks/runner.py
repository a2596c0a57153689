# SPDX-License-Identifier: GPL-2.0-or-later
"""From role to result: raw on the active director, standard on a backup, never silently neither."""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, STANDARD, Endpoint, Exchange, Reason, Result, Verdict, worst
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.request import ROLE_AUTO, STANDARD_INSTEAD, STANDBY_RAW, VIPS_ANY
from lvs_rawcheck.director.role import BACKUP, read_role
from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.wire.ip import PROTO_UDP

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
        self._courses: dict[int, StandardCourse | LinkError] = {}
        """The standard checks that were opened, by port; or why one could not be."""
        self._results = [Result(request.kind, request.real_ip, endpoint, _unasked()) for endpoint in request.endpoints]

    def results(self) -> list[Result]:
        """Return one result an endpoint, in order."""
        try:
            self._assign_roles()
            self._assign_paths()
        except Exception as error:  # as below, in _run_raw
            self._give_up(self._results, fault_of_ours(error))
        try:
            self._run_raw([result for result in self._results if result.path == RAW])
            if self.request.only_path != RAW:
                self._run_standard()
        finally:
            for course in self._courses.values():
                if not isinstance(course, LinkError):
                    course.close()
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

            hooks = Hooks(self._give_up_root, self.hooks.wrap_link, self.hooks.verdicts_given)
            run_raw(self.request, results, self.started, self.deadline, hooks)
        except UsageError as error:
            for result in results:
                result.path = None
                result.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))
        except Exception as error:  # a fault of our own, or an upgrade under way, must not empty a pool either
            self._give_up(results, fault_of_ours(error))

    def _give_up_root(self) -> None:
        """Say that the raw check's sockets are open, and open what the standard one could not open afterwards."""
        may_be_left_to_it = self.request.on_cannot_judge == STANDARD_INSTEAD
        results = [result for result in self._results if may_be_left_to_it or result.path == STANDARD]
        if results and self.request.only_path != RAW and self._standard_needs_root():
            self._open_courses(results)
        self.hooks.sockets_open()

    def _standard_needs_root(self) -> bool:
        """Return whether the standard check has a socket that only root may have, or may have so."""
        checks = self.request.standard_checks
        steps = [check.step for check in checks] or self.request.steps
        return any(check.options.need_privileges for check in checks) or any(
            isinstance(talk, Exchange) and talk.protocol != PROTO_UDP for talk in (step() for step in steps)
        )

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

    def _run_standard(self) -> None:
        """Judge each port of the real server once, for all the VIPs that have it; each has its share of the time."""
        results = [result for result in self._results if result.path == STANDARD]
        if not results:
            return
        self._open_courses(results)
        try:
            self.hooks.sockets_open()
        except Exception as error:  # a standard check as root is what the site had before
            for result in results:
                result.notes.append(str(fault_of_ours(error)))
        by_port: dict[int, list[Result]] = {port: [] for port in self._courses}
        for result in results:
            by_port[self.request.standard_port_of(result.endpoint)].append(result)
        shares = [(self._courses[port], sharing) for port, sharing in by_port.items() if sharing]
        for left, (course, sharing) in zip(range(len(shares), 0, -1), shares, strict=True):
            now = clock.now()
            self._run_course(course, now + (self.deadline - now) / left, sharing)

    def _open_courses(self, results: list[Result]) -> None:
        """Open the standard check of each port of these results, unless it is open."""
        endpoints = {self.request.standard_port_of(result.endpoint): result.endpoint for result in results}
        new = {port: endpoint for port, endpoint in endpoints.items() if port not in self._courses}
        source = self._source() if new else None
        for port, endpoint in new.items():
            self._courses[port] = self._open_course(port, source, endpoint)

    def _open_course(self, port: int, source: bytes | None, endpoint: Endpoint | None) -> StandardCourse | LinkError:
        try:
            from lvs_rawcheck.checks.standard_course import StandardCourse

            return StandardCourse(self.request, endpoint, port, source, self.request.standard_checks)
        except Exception as error:
            return fault_of_ours(error)

    def _run_course(self, course: StandardCourse | LinkError, deadline: float, sharing: list[Result]) -> None:
        first = sharing[0]
        error = course if isinstance(course, LinkError) else None
        try:
            if not isinstance(course, LinkError):
                course.run(first, self.started, deadline)
        except Exception as raised:
            error = fault_of_ours(raised)
        if error is not None:
            first.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))
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


def fault_of_ours(error: Exception) -> LinkError:
    """Return what a check says of an exception that no server can cause."""
    if isinstance(error, LinkError):
        return error
    if isinstance(error, MemoryError):
        return LinkError("no memory")
    return LinkError(f"internal error: {type(error).__name__}: {error}")


def _unasked() -> Verdict:
    return Verdict(Reason.CANNOT_JUDGE, "not asked")
