#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""The program file: `lvs-rawcheck` and its drop-in twins are links to this one or copies, told apart by their name.

-I: no environment variable and no file of the current directory changes what a check does. -S: site-packages
are looked through only by the commands that need them. The whole start costs half of what a console script's
does.

In a checkout the program lies around this file. A package puts copies into /usr/bin, each version's program into a
folder of its own, and turns the link _INSTALLED to it when it is whole.
"""

import os
import sys

_INSTALLED = "/usr/share/lvs-rawcheck/current"
_IN_CHECKOUT = "/lvs_rawcheck/cli/launcher.py"

_here = os.path.realpath(__file__)
if _here.endswith(_IN_CHECKOUT):
    sys.path.append(_here.removesuffix(_IN_CHECKOUT))
else:
    # The link is followed once: no check takes one half of itself from one version and one from another. The package
    # has compiled it, and would not know of what a check leaves in a folder that is being taken away.
    sys.path.append(os.path.realpath(_INSTALLED))
    sys.dont_write_bytecode = True


def regret(error: Exception, why: str) -> None:
    """Say in one line, on stderr and in the log, that half a program gives no verdict; use nothing of that program.

    why: it answers something all the same, "" where it does not.
    """
    import _socket
    import select
    from contextlib import suppress

    line = f"cannot-judge: the program is not whole: {type(error).__name__}: {error}{why}".replace("\n", " ")
    octets = f"lvs-rawcheck: {line}\n".encode("utf-8", "backslashreplace")
    with suppress(OSError):  # closed; and a pipe that nobody reads must not hold us
        if select.select([], [2], [], 0)[1]:
            os.write(2, octets)
    with suppress(OSError):  # no logger, or its queue is full
        log = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_NONBLOCK)
        log.sendto(b"<27>" + octets, "/dev/log")  # daemon.err, RFC 3164 4.1.1


def last_resort() -> "tuple[int, str]":
    """Return the exit status, and why it is that."""
    try:
        from lvs_rawcheck.cli.last_resort import answer

        status, why = answer(sys.argv)
    except Exception:  # it is not whole either
        return 1, ""
    return status, f"; {why}" if why else ""


try:
    from lvs_rawcheck.cli.main import main
except Exception as error:  # an upgrade under way, a damaged file: keepalived shows nobody a traceback
    status, why = last_resort()
    regret(error, why)
    sys.exit(status)

sys.exit(main())
