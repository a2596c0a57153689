# SPDX-License-Identifier: GPL-2.0-or-later
"""A result that is not what was planned is found by reading it again."""

from __future__ import annotations

import pytest

from lvs_rawcheck.config.ldirectord import Configuration, read_ldirectord
from lvs_rawcheck.generate.ldirectord.block import External
from lvs_rawcheck.generate.ldirectord.compare import PlanMismatch, demand_same_site
from lvs_rawcheck.generate.ldirectord.virtual import Converted
from tests.generate.ldirectord.desk import PATH, REAL, WRAPPER, after, block

BEFORE = "checkinterval=2\n" + block(REAL, "service=http", 'login="a"') + block(REAL, opening="virtual=192.0.2.2:80")
AFTER = after(BEFORE, only=("192.0.2.1",))
CONVERTED = {0: Converted(External("tcp-192.0.2.1-80", f"{WRAPPER}tcp-192.0.2.1-80", 32), (), (), ())}


def read(text: str) -> Configuration:
    return read_ldirectord(PATH, {PATH: text.encode()})


def compare(result: str) -> None:
    demand_same_site(read(BEFORE), read(BEFORE), read(result), CONVERTED)


def test_what_was_planned_passes() -> None:
    compare(AFTER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("checkinterval=2", "checkinterval=3"),
        ("checkinterval=2\n", "checkinterval=2\nquiescent=yes\n"),
        ("checkinterval=2\n", "checkinterval=2\nemailalertfrom=a@b.example\n"),
        ("192.0.2.11:80 gate\n\tservice", "192.0.2.12:80 gate\n\tservice"),
        ("192.0.2.11:80 gate\n\tservice", "192.0.2.11:81 gate\n\tservice"),
        ("192.0.2.11:80 gate\n\tservice", "192.0.2.11:80 gate 2\n\tservice"),
        ("192.0.2.11:80 gate\n\tservice", "192.0.2.11:80 masq\n\tservice"),
        ("virtual=192.0.2.1:80", "virtual=192.0.2.7:80"),
        ('login="a"', 'login="b"'),
        ("service=http", "service=https"),
        ("service=http\n", "service=http\n\tscheduler=rr\n"),
        ("service=http\n", "service=http\n\tnetmask=255.255.255.255\n"),
        ("checktype=external", "checktype=connect"),
        ('ldirectord/tcp-192.0.2.1-80"', 'ldirectord/tcp-192.0.2.2-80"'),
        ("checktimeout=32", "checktimeout=33"),
        ("\tchecktimeout=32\n", ""),
        ("virtual=192.0.2.2:80\n", "virtual=192.0.2.2:80\n\tchecktype=connect\n"),
        ("service=http\n", "service=http\n\n"),
        ("\tchecktimeout=32\n", "\tchecktimeout=32\n\n\n" + block(REAL, opening="virtual=192.0.2.9:80")),
    ],
)
def test_anything_else_is_refused(old: str, new: str) -> None:
    assert AFTER.count(old) == 1
    with pytest.raises(PlanMismatch):
        compare(AFTER.replace(old, new))
