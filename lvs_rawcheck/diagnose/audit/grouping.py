# SPDX-License-Identifier: GPL-2.0-or-later
"""From the causes of single cells to findings: one for each fault, however many cells it shows in."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.judging import Judged
from lvs_rawcheck.diagnose.causes import rank
from lvs_rawcheck.diagnose.diagnosis import Diagnosis, diagnose_known
from lvs_rawcheck.diagnose.finding import ERROR, WARNING, Finding
from lvs_rawcheck.diagnose.fix import THIS_HOST
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address

_EVIDENCE_OF_CELLS = 6
_PLACES_NAMED = 6

_OF_SERVER = (
    signatures.HOST_DOWN,
    signatures.NOT_ON_LINK,
    signatures.NEIGHBOUR_ENTRY_WRONG,
    signatures.PATH_MTU,
)
_OF_VIP_AT_SERVER = (
    signatures.VIP_MISSING_LOCAL,
    signatures.VIP_MISSING_FORWARDING,
    signatures.VIP_MISSING_OR_FILTERED,
    signatures.WRONG_MACHINE,
)
_OF_HOST_IN_IPV4 = (signatures.ARP_LEAK, signatures.ARP_ANNOUNCE)
"""A setting of the whole host is missing there; in IPv6 it is the place of each VIP."""
_OF_VIP = (signatures.VIP_DUPLICATE,)
_OF_SERVICE_AT_SERVER = (
    signatures.SERVICE_DOWN,
    signatures.SERVICE_UNHEALTHY,
    signatures.BOUND_TO_REAL_ADDRESS,
    signatures.FILTERED_PORT,
    signatures.REJECTED,
)
"""One program serves all VIPs there, one rule keeps them from it: what happens at one, mostly happens at all."""


@dataclass(slots=True)
class _Fault:
    """One fault so far."""

    cause: str
    diagnosis: Diagnosis
    cells: list[Judged] = field(default_factory=list)

    def finding(self) -> Finding:
        """Return it as a finding, which its cells name from now on."""
        evidence: dict[str, None] = {}
        for judged in self.cells[:_EVIDENCE_OF_CELLS]:
            evidence.update(dict.fromkeys(judged.cell.evidence))
        lines = list(evidence)
        if len(self.cells) > _EVIDENCE_OF_CELLS:
            lines.append(f"the same at {len(self.cells) - _EVIDENCE_OF_CELLS} more")
        found = self.diagnosis.finding(_where(self.cause, self.cells), lines)
        if found.severity == ERROR and all(judged.cell.target.sorry for judged in self.cells):
            found.severity = WARNING
            found.sentence += " It is a sorry server: clients notice when all others are gone."
        for judged in self.cells:
            judged.cell.findings.append(found)
        return found


def findings_of(judged: Iterable[Judged]) -> list[Finding]:
    """Return the findings of all cells, errors first, then in path order."""
    faults: dict[Hashable, _Fault] = {}
    cells = list(judged)
    _spread_silence(cells)
    for each in cells:
        for diagnosis in (each.diagnosis, *each.diagnosis.seconds):
            if diagnosis.healthy:
                continue
            key = (diagnosis.cause, _place(diagnosis.cause, each))
            fault = faults.get(key)
            if fault is None:
                fault = faults[key] = _Fault(diagnosis.cause, diagnosis)
            fault.cells.append(each)
    findings = [fault.finding() for fault in faults.values()]
    findings += _different_certificates(cells)
    return sorted(findings, key=lambda finding: (finding.severity != ERROR, rank(finding.cause)))


def _spread_silence(cells: list[Judged]) -> None:
    """Let all that is unclear of a host that is down be for that: what was asked of it may have been less."""
    down = {_real(each): each for each in cells if each.diagnosis.cause == signatures.HOST_DOWN}
    alive = {_real(each) for each in cells if each.cell.result.healthy}
    for each in cells:
        known = down.get(_real(each))
        if known is not None and _real(each) not in alive and each.diagnosis.cause == signatures.UNCLEAR:
            each.diagnosis = known.diagnosis
            each.cell.cause = signatures.HOST_DOWN


def _place(cause: str, judged: Judged) -> Hashable:
    """Return what of a cell tells one fault of this cause from another."""
    request, outcome = judged.cell.target.request, judged.outcome
    endpoint = request.endpoints[0]
    if cause == signatures.CANNOT_JUDGE:
        return outcome.result.verdict.detail
    if cause in _OF_SERVER:
        return request.real_ip
    if cause in _OF_VIP:
        return endpoint.vip
    if cause in _OF_HOST_IN_IPV4 and len(endpoint.vip) == IPV4_OCTETS:
        return request.real_ip
    if cause in (*_OF_VIP_AT_SERVER, *_OF_HOST_IN_IPV4):
        return request.real_ip, endpoint.vip
    if cause in _OF_SERVICE_AT_SERVER:
        return request.real_ip, endpoint.port, outcome.protocol, outcome.reason
    return request.real_ip, endpoint.vip, endpoint.port, outcome.protocol


def _where(cause: str, cells: list[Judged]) -> str:
    """Return the place in words."""
    first = cells[0]
    real, endpoint = format_address(_real(first)), first.cell.target.request.endpoints[0]
    vips = _listed(format_address(each.cell.target.request.endpoints[0].vip) for each in cells)
    if cause == signatures.CANNOT_JUDGE:
        return THIS_HOST
    if cause in _OF_SERVER:
        return real
    if cause in _OF_VIP:
        return f"VIP {format_address(endpoint.vip)}"
    if cause in (*_OF_VIP_AT_SERVER, *_OF_HOST_IN_IPV4):
        return f"{real}, VIP {vips}"
    if cause in _OF_SERVICE_AT_SERVER:
        return f"{real}, port {endpoint.port} of {vips}"
    return f"{real}, {endpoint}"


def _different_certificates(cells: list[Judged]) -> list[Finding]:
    """Return the services whose servers show different certificates, one finding each."""
    services: dict[Hashable, dict[str, list[Judged]]] = {}
    for each in cells:
        shown = _certificate(each)
        if shown is not None:
            target = each.cell.target
            endpoint = target.request.endpoints[0]
            service = services.setdefault((endpoint.vip, endpoint.port, target.protocol), {})
            service.setdefault(shown, []).append(each)
    return [_certificate_finding(shown) for shown in services.values() if len(shown) > 1]


def _certificate(judged: Judged) -> str | None:
    """Return what tells the certificate that a healthy server has shown from others."""
    certificate = judged.outcome.facts.get("certificate")
    if not judged.cell.result.healthy or not isinstance(certificate, dict):
        return None
    return "; ".join(f"{key} {value}" for key, value in sorted(certificate.items()) if key != "days_left")


def _certificate_finding(shown: dict[str, list[Judged]]) -> Finding:
    """Return the finding about one service; the certificate that most servers show is taken for the right one."""
    commonest, *others = sorted(shown, key=lambda each: -len(shown[each]))
    first = shown[others[0]][0]
    request = first.cell.target.request
    endpoint = request.endpoints[0]
    evidence = [f"{_servers(shown[each])}: {each}" for each in (commonest, *others)]
    scene = Scene(request.real_ip, endpoint.vip, endpoint.port, detail=f"most show {commonest}, it shows {others[0]}")
    found = diagnose_known(signatures.CERTIFICATE_DIFFERS, scene).finding(str(endpoint), evidence)
    for each in others:
        for judged in shown[each]:
            judged.cell.findings.append(found)
    return found


def _servers(cells: list[Judged]) -> str:
    return _listed(format_address(_real(each)) for each in cells)


def _real(judged: Judged) -> bytes:
    return judged.cell.target.request.real_ip


def _listed(names: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _PLACES_NAMED} more" if len(distinct) > _PLACES_NAMED else ""
    return ", ".join(distinct[:_PLACES_NAMED]) + more
