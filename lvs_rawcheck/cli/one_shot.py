# SPDX-License-Identifier: GPL-2.0-or-later
"""What every command has in common that makes one check in its own process: run it, log a change, say the verdict."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.runner import cannot_judge, run_request
from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY, end_after, verdict_given
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.director.change_log import ChangeLog
from lvs_rawcheck.director.privileges import drop_root
from lvs_rawcheck.registry.vips import vips_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.checks.base import Result
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.cli.options import CommandLine
    from lvs_rawcheck.errors import RawCheckError


def judge(
    request: Request,
    line: CommandLine,
    command_line: list[str],
    packet_verbosity: int,
    run: Callable[[Request, Hooks], Result] = run_request,
    notes: Sequence[str] = (),
    sockets_open: Callable[[], None] = drop_root,
) -> Result:
    """Return the result of a request, logged where it is a change.

    line: its --services and --state. command_line: what tells this check from others, for its stamp.
    packet_verbosity: how much is told of the packets, 0 for nothing (`packet_lines.tracing`). run: how it is run.
    notes: what is wrong on our side besides. sockets_open: what is done before the first frame is read.
    """
    registry = vips_of(str(line.values["services"]))
    request.is_registry_vip = registry.holds
    hooks = Hooks(sockets_open)
    if packet_verbosity:
        from lvs_rawcheck.cli.packet_lines import tracing

        hooks.wrap_link = tracing(packet_verbosity)
    log = ChangeLog(str(line.values["state"]), command_line)
    end_after(request.timeout)
    result = run(request, hooks)
    result.notes += [*registry.notes, *notes]
    verdict_given(exit_status(result))
    log.note(result)
    return result


def refuse(kind: str, error: RawCheckError, command_line: list[str], state_dir: str | None = None) -> Result:
    """Return the result of a command line that cannot be meant as it stands, logged.

    state_dir: where it is remembered that it was; None: nowhere, and it is logged each time.
    """
    verdict_given(UNHEALTHY)
    result = cannot_judge(kind, None, None, one_sentence(str(error)))
    ChangeLog(state_dir, command_line).note(result)
    return result


def report(program: str, result: Result) -> int:
    """Say the verdict in words; return the exit status."""
    regret(program, result)
    for each in result.vips or [result]:
        if each.verdict.reason != Reason.CANNOT_JUDGE:
            say(str(each))
    return exit_status(result)


def report_json(program: str, result: Result, further: dict[str, object]) -> int:
    """Say the verdict and something more as one JSON object; return the exit status."""
    import json

    regret(program, result)
    say(json.dumps({**result.to_dict(), **further}))
    return exit_status(result)


def regret(program: str, result: Result) -> None:
    """Say on stderr what is wrong on our side, a sentence each: notes, and why it cannot be judged."""
    for note in result.notes:
        complain(f"{program}: {one_sentence(note)}")
    verdicts = [each.verdict for each in result.vips or [result]]
    for detail in dict.fromkeys(verdict.detail for verdict in verdicts if verdict.reason == Reason.CANNOT_JUDGE):
        complain(f"{program}: {Reason.CANNOT_JUDGE}: {one_sentence(detail)}")


def verbosity(line: CommandLine) -> int:
    """Return how often --verbose was given."""
    times = line.values["verbose"]
    return times if isinstance(times, int) else 0


def exit_status(result: Result) -> int:
    """Return what the result is to keepalived and ldirectord."""
    return HEALTHY if result.healthy else UNHEALTHY
