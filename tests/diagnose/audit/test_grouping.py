# SPDX-License-Identifier: GPL-2.0-or-later
"""One finding for each fault, however many cells it shows in; certificates compared; sorry servers warned of."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.grouping import findings_of
from lvs_rawcheck.diagnose.audit.judging import Judged
from lvs_rawcheck.diagnose.audit.model import Cell, Target
from lvs_rawcheck.diagnose.audit.probing import Outcome
from lvs_rawcheck.diagnose.diagnosis import diagnose
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.wire.address import parse_address

HEALTHY = Observations(Place.WIRE, Reason.OK)
LEAKING = Observations(Place.WIRE, Reason.OK, vip_neighbour=Answer.REPLY)
REFUSED = Observations(Place.WIRE, Reason.REFUSED, own_service=Answer.REFUSED)
REFUSED_AND_LEAKING = Observations(Place.WIRE, Reason.REFUSED, own_service=Answer.REFUSED, vip_neighbour=Answer.REPLY)
VANISHED = Observations(
    Place.WIRE, Reason.NO_ANSWER, echo=Answer.SILENCE, own_service=Answer.CONNECTED, own_neighbour=Answer.REPLY
)
DOWN = Observations(
    Place.WIRE,
    Reason.NO_NEIGHBOUR,
    echo=Answer.NOT_ASKED,
    own_service=Answer.UNREACHABLE,
    own_neighbour=Answer.SILENCE,
)
UNCLEAR = Observations(Place.WIRE, Reason.NO_NEIGHBOUR)


def _cell(
    real: str,
    vip: str,
    port: int,
    seen: Observations,
    sorry: bool = False,
    certificate: dict[str, object] | None = None,
) -> Judged:
    """Return a cell of which this was seen."""
    endpoint = Endpoint(parse_address(vip), port)
    request = Request("tcp", (TcpConversation,), parse_address(real), [endpoint])
    verdict = Verdict(seen.check, "as it was")
    outcome = Outcome(Target(request, "here", sorry), Result("tcp", request.real_ip, endpoint, verdict), asked=True)
    if certificate is not None:
        outcome.facts = {"certificate": certificate}
    diagnosis = diagnose(seen, Scene(request.real_ip, endpoint.vip, port))
    cell = Cell(outcome.target, outcome.result, diagnosis.cause, [f"{real} {vip}:{port}"])
    return Judged(cell, outcome, diagnosis)


def _told(cells: list[Judged]) -> list[tuple[str, str]]:
    return [(finding.cause, finding.where) for finding in findings_of(cells)]


def test_nothing_wrong() -> None:
    cells = [_cell("10.0.0.42", "10.0.0.100", port, HEALTHY) for port in (80, 443)]
    assert _told(cells) == []
    assert cells[0].cell.findings == []


def test_a_vip_that_is_missing_is_one_finding_for_all_ports_and_one_for_each_vip() -> None:
    cells = [_cell("10.0.0.42", vip, port, VANISHED) for vip in ("10.0.0.100", "10.0.0.101") for port in (80, 443)]
    assert _told(cells) == [
        (signatures.VIP_MISSING_OR_FILTERED, "10.0.0.42, VIP 10.0.0.100"),
        (signatures.VIP_MISSING_OR_FILTERED, "10.0.0.42, VIP 10.0.0.101"),
    ]
    assert [finding.evidence for finding in cells[0].cell.findings] == [
        ["10.0.0.42 10.0.0.100:80", "10.0.0.42 10.0.0.100:443"]
    ]


def test_a_host_that_is_down_is_one_finding_and_what_is_unclear_of_it_is_that() -> None:
    cells = [_cell("10.0.0.42", "10.0.0.100", 80, DOWN), _cell("10.0.0.42", "10.0.0.101", 80, UNCLEAR)]
    other = _cell("10.0.0.43", "10.0.0.100", 80, UNCLEAR)
    assert _told([*cells, other]) == [
        (signatures.HOST_DOWN, "10.0.0.42"),
        (signatures.UNCLEAR, "10.0.0.43, 10.0.0.100:80"),
    ]
    assert [each.cell.cause for each in cells] == [signatures.HOST_DOWN] * 2


def test_a_host_that_answers_anywhere_is_not_down() -> None:
    cells = [
        _cell("10.0.0.42", "10.0.0.100", 80, DOWN),
        _cell("10.0.0.42", "10.0.0.101", 80, UNCLEAR),
        _cell("10.0.0.42", "10.0.0.102", 80, HEALTHY),
    ]
    findings_of(cells)
    assert cells[1].cell.cause == signatures.UNCLEAR


def test_a_service_that_is_down_is_one_finding_for_all_vips_of_its_port() -> None:
    cells = [_cell("10.0.0.42", f"10.0.0.{100 + number}", 80, REFUSED) for number in range(8)]
    assert _told(cells) == [
        (
            signatures.SERVICE_DOWN,
            "10.0.0.42, port 80 of 10.0.0.100, 10.0.0.101, 10.0.0.102, 10.0.0.103, 10.0.0.104, 10.0.0.105 and 2 more",
        )
    ]
    assert findings_of(cells)[0].evidence[-1] == "the same at 2 more"


def test_a_second_fault_is_a_finding_of_its_own_and_errors_come_first() -> None:
    cells = [_cell("10.0.0.41", "10.0.0.100", 80, LEAKING), _cell("10.0.0.42", "10.0.0.100", 80, REFUSED_AND_LEAKING)]
    assert _told(cells) == [
        (signatures.SERVICE_DOWN, "10.0.0.42, port 80 of 10.0.0.100"),
        (signatures.ARP_LEAK, "10.0.0.41, VIP 10.0.0.100"),
        (signatures.ARP_LEAK, "10.0.0.42, VIP 10.0.0.100"),
    ]


def test_a_leak_is_the_hosts_in_ipv4_and_each_vips_in_ipv6() -> None:
    four = [_cell("10.0.0.41", vip, 80, LEAKING) for vip in ("10.0.0.100", "10.0.0.101")]
    six = [_cell("2001:db8::41", vip, 80, LEAKING) for vip in ("2001:db8::100", "2001:db8::101")]
    assert [where for _, where in _told([*four, *six])] == [
        "10.0.0.41, VIP 10.0.0.100, 10.0.0.101",
        "2001:db8::41, VIP 2001:db8::100",
        "2001:db8::41, VIP 2001:db8::101",
    ]


def test_a_sorry_server_alone_is_a_warning() -> None:
    assert [finding.severity for finding in findings_of([_cell("10.0.0.99", "10.0.0.100", 80, DOWN, sorry=True)])] == [
        "warning"
    ]
    both = [_cell("10.0.0.99", "10.0.0.100", 80, DOWN, sorry=True), _cell("10.0.0.99", "10.0.0.101", 80, DOWN)]
    assert [finding.severity for finding in findings_of(both)] == ["error"]


def test_certificates_are_compared_within_a_service_and_the_commonest_counts() -> None:
    right: dict[str, object] = {"subject": "CN=www", "expires": "2027-01-01T00:00:00Z"}
    old: dict[str, object] = {"subject": "CN=www", "expires": "2026-12-01T00:00:00Z"}
    cells = [
        _cell(f"10.0.0.{41 + number}", "10.0.0.100", 443, HEALTHY, certificate=shown)
        for number, shown in enumerate((right, old, right))
    ]
    elsewhere = _cell("10.0.0.41", "10.0.0.101", 443, HEALTHY, certificate=old)
    assert _told([*cells, elsewhere]) == [(signatures.CERTIFICATE_DIFFERS, "10.0.0.100:443")]
    assert [len(each.cell.findings) for each in (*cells, elsewhere)] == [0, 1, 0, 0]
    finding = cells[1].cell.findings[0]
    assert [line.partition(":")[0] for line in finding.evidence] == ["10.0.0.41, 10.0.0.43", "10.0.0.42"]
    assert all(fix.host == "10.0.0.42" for fix in finding.fixes)
