# SPDX-License-Identifier: GPL-2.0-or-later
"""The acts of the demonstration, played once, judged by their report."""

from pathlib import Path

import pytest
from lab.acts import ActReport
from lab.boot import boot
from lab.demo import SCENARIO, Report, read_report, render_table

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demonstration")
    status = boot(SCENARIO, folder)
    assert (folder / "report.json").exists(), (folder / "console.log").read_text()
    assert status == (0 if read_report(folder)["passed"] else 1)
    return folder


@pytest.fixture(scope="module")
def report(results: Path) -> Report:
    return read_report(results)


def act(report: Report, number: int) -> ActReport:
    """Return the report of an act that was played, and went as told."""
    found = report["acts"][number - 1]
    assert [claim["claim"] for claim in found["claims"] if not claim["held"]] == []
    assert found["claims"]
    return found


def figure(played: ActReport, name: str) -> float:
    value = played["figures"][name]
    assert value is not None, f"{name} was not reached"
    return value


def test_tcp_check_loses_requests_with_a_full_table(report: Report) -> None:
    first = act(report, 1)
    assert 0 < figure(first, "lost in all") < figure(first, "requests in all")


def test_raw_check_takes_the_server_out(report: Report) -> None:
    second = act(report, 2)
    assert figure(second, "seconds to removal") > 0
    assert figure(second, "lost after") == 0
    assert figure(second, "requests after") > 10


def test_a_vip_lost_live_is_found(report: Report) -> None:
    third = act(report, 3)
    assert figure(third, "seconds to removal") > 0
    assert figure(third, "lost after") == 0
    assert figure(third, "seconds to return") > 0


def test_role_vip_and_checks_change_sides(report: Report) -> None:
    fourth = act(report, 4)
    assert figure(fourth, "seconds to takeover") > 0
    assert figure(fourth, "lost after") == 0


def test_nothing_else_failed(report: Report) -> None:
    assert report["passed"]
    assert report["failure"] == ""
    assert len(report["acts"]) == 4


def test_logs_tell_what_happened(results: Path) -> None:
    lb1 = (results / "lb1-syslog.log").read_text()
    lb2 = (results / "lb2-syslog.log").read_text()
    assert "Removing service [10.0.0.22]:tcp:80" in lb1
    assert "Removing service [10.0.0.23]:tcp:80" in lb2
    assert lb2.index("Entering MASTER STATE") < lb2.index("Removing service [10.0.0.23]:tcp:80")
    assert "10.0.0.100:80 via 10.0.0.22 down: no-answer" in lb1
    assert "10.0.0.100:80 via 10.0.0.23 down: no-answer" in lb2
    assert " - " in (results / "requests.log").read_text()


def test_table_names_every_figure(report: Report) -> None:
    table = render_table(report)
    for played in report["acts"]:
        assert played["title"] in table
        assert all(name in table for name in played["figures"])
