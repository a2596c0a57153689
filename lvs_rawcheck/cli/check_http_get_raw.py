# SPDX-License-Identifier: GPL-2.0-or-later
"""`check_http_get_raw [options] IFACE REAL_SERVER VIRTUAL_IP PORT HOST PATH MD5`: the C program of that name."""

from __future__ import annotations

from lvs_rawcheck.cli.drop_in_http import HttpDropIn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.cli.options import CommandLine


class CheckHttpGetRaw(HttpDropIn):
    """Healthy: a GET is answered with a status of 200 to 299, and a body that has this MD5."""

    program = "check_http_get_raw"
    further_positionals = ("HOST", "PATH", "MD5")

    def told(self, line: CommandLine, words: list[str]) -> dict[str, object]:
        """Return what the positionals say."""
        return dict(zip(("host", "path", "md5"), words, strict=True))


run = CheckHttpGetRaw().run


def main() -> int:
    """Run this command with the arguments of sys.argv; return its exit status, 0 or 1."""
    from lvs_rawcheck.cli.main import run_as

    return run_as(CheckHttpGetRaw.program)
