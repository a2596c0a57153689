# SPDX-License-Identifier: GPL-2.0-or-later
"""What ldirectord refuses, or reads otherwise than it was meant: nothing is planned, and the place is said."""

from __future__ import annotations

import pytest

from lvs_rawcheck.errors import ConfigError
from tests.generate.ldirectord.desk import PATH, REAL, block, octets_after, plan

SOUND = block(REAL, "service=http")


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (block(REAL, opening="virtual=10.0.0.1"), 1),  # firewall mark 10
        (block("real=[192.0.2.11]:80 gate"), 2),  # 0.0.0.80
        (block(REAL, "checktype=external"), 3),  # /bin/true: always up
        (block(REAL, "checktype=external", 'checkcommand="/x/y --flag"'), 4),  # exec fails
        (block(REAL, "checktype=external", "checkcommand=/x/y # c"), 4),  # a path with a blank at its end
        (block(REAL, 'request="/a#b"'), 3),
        (f"virtual=192.0.2.1:80\n\t{REAL}\n\n\tservice=http\n", 4),  # a blank line ends the block
        (f"virtual=192.0.2.1:80\n  {REAL}\n", 2),  # two blanks are no block's
        (block('real=192.0.2.11:80 gate "a","b" 5'), 2),  # request and receive are dropped
        (block("real=5.245.224.250->5.245.225.5:80 gate"), 2),  # a range that is compared as text
        (block(REAL, "checktype=external 5"), 3),  # combined
        (block(REAL) + block(REAL), 4),  # the same virtual again
        (block(REAL, "netmask=x"), 3),
    ],
)
def test_the_whole_file_is_left(broken: str, line: int) -> None:
    sound = block(REAL, "service=http", opening="virtual=192.0.2.7:80")
    assert plan(sound).services
    with pytest.raises(ConfigError) as caught:
        plan(broken + sound)
    assert str(caught.value).startswith(f"{PATH}:{line}:")


def test_what_makes_ids_distinct_stays() -> None:
    lines = ('request="/a"', 'receive="b"', "virtualhost=c.example", "checkport=81")
    result = octets_after(plan(block(REAL, "service=http", *lines))).decode()
    assert all(f"\n\t{line}\n" in result for line in lines)


def test_times_that_mean_something_to_ldirectord_stay() -> None:
    lines = ("negotiatetimeout=4", "failurecount=2", "quiescent=yes", "checkcount=3")
    result = octets_after(plan("checktimeout=3\ncheckinterval=5\n" + block(REAL, *lines))).decode()
    assert all(f"\n\t{line}\n" in result for line in lines)
    assert result.startswith("checktimeout=3\ncheckinterval=5\n")
    assert "\tchecktimeout=6\n" in result  # else negotiatetimeout would be the external check's


def test_nothing_of_its_global_behaviour_is_changed() -> None:
    result = octets_after(plan(SOUND)).decode()
    for word in ("fork", "external-perl", "monitorfile", "checkinterval", "autoreload"):
        assert word not in result
