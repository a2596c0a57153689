# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demonstration says when an act did not go as told, and how it reads what the client wrote."""

from lab.acts import ActReport
from lab.client import LOST
from lab.demo import Report, render_table
from lab.site import Request


def failed_act() -> ActReport:
    return {
        "act": 2,
        "title": "the raw check",
        "passed": False,
        "claims": [{"claim": "rs1 stayed", "held": True}, {"claim": "rs3 left", "held": False}],
        "figures": {"seconds to removal": None, "lost after": 4},
    }


def test_a_broken_promise_stands_under_its_act() -> None:
    report: Report = {"passed": False, "seconds": 1.0, "failure": "", "acts": [failed_act()]}
    lines = render_table(report).splitlines()
    assert lines[0].split() == ["act", "2", "NOT", "AS", "TOLD", "the", "raw", "check"]
    assert lines[1].split() == ["seconds", "to", "removal", "-"]
    assert lines[2].split() == ["lost", "after", "4"]
    assert [line.strip() for line in lines[3:]] == ["NOT AS TOLD: rs3 left"]


def test_a_line_of_the_client_is_a_request() -> None:
    answered, lost = Request("12.000 12.010 rs1 40000"), Request(f"13.000 14.001 {LOST} 40002")
    assert (answered.begun, answered.ended, answered.lost) == (12.0, 12.01, False)
    assert lost.lost
