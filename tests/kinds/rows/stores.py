# SPDX-License-Identifier: GPL-2.0-or-later
"""stream and simpletcp: what redis, memcached, and postfix, which is asked for TLS on the way, can be told."""

from __future__ import annotations

from collections.abc import Sequence

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Row, Wrong
from tests.kinds.trust import OTHER_NAME, VERIFIED
from tests.netns.daemons import mail, stores
from tests.netns.daemons.daemon import Daemon
from tests.netns.topology import Host

REDIS, MEMCACHED, SMTP = 6379, 11211, 25
PASSWORD = "sesame"


def _redis(host: Host, addresses: Sequence[str]) -> Daemon:
    return stores.redis(host, addresses, REDIS, PASSWORD)


def _script(*steps: str) -> tuple[str, ...]:
    return tuple(word for step in steps for word in ("--step", step))


def _redis_script(password: str) -> tuple[str, ...]:
    answered = ('expect "+OK\\r\\n"', 'send "PING\\r\\n"', 'expect-regex "^\\+PONG\\r\\n"')
    return _script(f'send "AUTH {password}\\r\\n"', *answered)


_STARTTLS = _script(
    'expect-regex "^220 .*\\r\\n"',
    'send "EHLO me\\r\\n"',
    'expect "250-STARTTLS\\r\\n"',
    'expect-regex "250 .*\\r\\n"',
    'send "STARTTLS\\r\\n"',
    'expect-regex "^220 .*\\r\\n"',
    "tls",
    'send "EHLO me\\r\\n"',
    'expect-regex "250 .*\\r\\n"',
)

_VERSION = ("--request", r"version\n")

ROWS = (
    Row(
        "stream",
        _redis,
        REDIS,
        _redis_script(PASSWORD),
        (
            Wrong("the password is wrong", Reason.TIMEOUT, _redis_script("guess"), "OK", silent=True),
            Wrong("it says more than allowed", Reason.RESPONSE, (*_redis_script("guess"), "--limit", "10")),
        ),
        name="redis",
    ),
    Row(
        "stream",
        stores.memcached,
        MEMCACHED,
        _script('send "version\\r\\n"', 'expect "VERSION 1."'),
        (Wrong("it ends", Reason.CLOSED, _script('send "quit\\r\\n"', 'expect "BYE"')),),
        name="memcached",
    ),
    Row(
        "stream",
        mail.postfix,
        SMTP,
        (*_STARTTLS, *VERIFIED),
        (Wrong(OTHER_NAME.why, OTHER_NAME.reason, (*_STARTTLS, *OTHER_NAME.options), OTHER_NAME.says),),
        name="starttls",
    ),
    Row(
        "simpletcp",
        stores.memcached,
        MEMCACHED,
        (*_VERSION, "--receive", r"^VERSION \d"),
        (
            Wrong("it says something else", Reason.REGEX, (*_VERSION, "--receive", "PONG"), "VERSION"),
            Wrong("it ends", Reason.CLOSED, ("--request", r"quit\n", "--receive", "BYE")),
        ),
    ),
    Row("oracle", stores.memcached, MEMCACHED),
)
