# SPDX-License-Identifier: GPL-2.0-or-later
"""`check_http_raw [options] IFACE REAL_SERVER VIRTUAL_IP PORT HOST PATH`: the C program of that name."""

from __future__ import annotations

from lvs_rawcheck.cli.drop_in_http import HttpDropIn
from lvs_rawcheck.cli.options import Option
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.cli.options import CommandLine

_OPTIONS = (
    Option("M", "method", "GET|HEAD", "how to ask (default: GET)"),
    Option("H", "header", "'NAME: VALUE'", "a further header to send; repeatable", many=True),
    Option("S", "status-code", "CODE", "the status that is expected"),
    Option("R", "response-header", "'NAME: VALUE'", "a header that is expected; repeatable", many=True),
    Option("A", "hash", "MD5", "the MD5 that the body must have"),
    Option("B", "body", "TEXT", "what the body must be"),
)
_EXPECTATIONS = ("status_code", "response_header", "hash", "body")
_ANY_STATUS = "100-599"


class CheckHttpRaw(HttpDropIn):
    """Healthy: the answer is as -S, -R, -A and -B say; at least one is needed, and what is not given is not tested."""

    program = "check_http_raw"
    further_positionals = ("HOST", "PATH")

    def own_options(self) -> tuple[Option, ...]:
        """Return what is asked and what is expected."""
        return _OPTIONS

    def told(self, line: CommandLine, words: list[str]) -> dict[str, object]:
        """Return what positionals and options say."""
        values = line.values
        if not any(values[key] not in (None, []) for key in _EXPECTATIONS):
            raise UsageError("nothing is expected: at least one of -S, -R, -A and -B is needed")
        return {
            **dict(zip(("host", "path"), words, strict=True)),
            "method": values["method"],
            "header": values["header"],
            "status": [_ANY_STATUS if values["status_code"] is None else values["status_code"]],
            "response_header": values["response_header"],
            "md5": values["hash"],
            "body": values["body"],
        }


run = CheckHttpRaw().run


def main() -> int:
    """Run this command with the arguments of sys.argv; return its exit status, 0 or 1."""
    from lvs_rawcheck.cli.main import run_as

    return run_as(CheckHttpRaw.program)
