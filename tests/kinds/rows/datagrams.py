# SPDX-License-Identifier: GPL-2.0-or-later
"""radius: freeradius."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Row, Wrong
from tests.kinds.secrets import secret
from tests.netns.daemons import radius

RADIUS = 1812


def _login(password: str = radius.PASSWORD, shared: str = radius.SECRET, user: str = radius.USER) -> tuple[str, ...]:
    return ("--login", user, "--password-file", secret(password), "--secret-file", secret(shared))


ROWS = (
    Row(
        "radius",
        radius.freeradius,
        RADIUS,
        _login(),
        (
            Wrong("the password is wrong", Reason.RESPONSE, _login("sesame"), "refused"),
            Wrong("there is no such user", Reason.RESPONSE, _login(user="bob"), "refused"),
        ),
        stopped=Reason.UNREACHABLE,
    ),
)
