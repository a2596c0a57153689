# SPDX-License-Identifier: GPL-2.0-or-later
"""Every planned check run once from this director, before it decides anything.

Each runs raw, whatever this director's role is, and as the standard check of a standby where there is one. A server
that gets traffic now, and would lose it, is a reason to write nothing: a check that is wrong takes a site off the net.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from lvs_rawcheck.checks.base import RAW, STANDARD, Reason, Verdict
from lvs_rawcheck.checks.request import DOWN, STANDBY_RAW, Request
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.director.mode import ENFORCE
from lvs_rawcheck.generate.in_table import in_table
from lvs_rawcheck.generate.probing import SECONDS_MOST, Progress, run_all
from lvs_rawcheck.registry.requests import request_of
from lvs_rawcheck.registry.service import RealServer, Service

_UNASKED = Verdict(
    Reason.CANNOT_JUDGE, f"not asked: all checks together took more than {SECONDS_MOST:.0f} s, and --only takes fewer"
)


@dataclass(frozen=True, slots=True)
class Target:
    """One planned check. fwmarks: of its virtual server."""

    service: Service
    server: RealServer
    fwmarks: tuple[int, ...] = ()

    @property
    def check_id(self) -> str:
        """Return its ID."""
        return self.service.check_id(self.server)


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found of one target. verdicts: by path, `raw` and, where there is such a check, `standard`."""

    target: Target
    in_table: bool | None
    """Whether the server gets traffic now; None: its virtual server is not in the table, or there is none."""
    verdicts: dict[str, Verdict]

    @property
    def healthy(self) -> bool:
        """Return whether all that was run passed."""
        return all(verdict.healthy for verdict in self.verdicts.values())

    @property
    def is_refusal(self) -> bool:
        """Return whether the server gets traffic now, and would lose it."""
        return bool(self.in_table) and not self._stays_up

    @property
    def _stays_up(self) -> bool:
        """Return whether what decides passed: where the raw check only observes, the standard one alone."""
        standard = self.verdicts.get(STANDARD)
        if standard is None or self.target.server.settings.mode == ENFORCE:
            return self.healthy
        return standard.healthy

    def sentences(self) -> list[str]:
        """Return what failed, a sentence each."""
        return [
            f"{self.target.check_id}: {path}: {verdict.reason}: {verdict.detail}"
            for path, verdict in self.verdicts.items()
            if not verdict.healthy
        ]


def probe(
    targets: Sequence[Target],
    table: IpvsTable,
    is_registry_vip: Callable[[bytes], bool],
    progress: Progress,
) -> list[Probed]:
    """Return what was found of each target, in order. is_registry_vip: see `Request`; VIPs of the targets are known."""
    vips = {endpoint.vip for target in targets for endpoint in target.service.endpoints}
    runs: list[tuple[Target, str]] = []
    for target in targets:
        runs.append((target, RAW))
        if target.server.settings.standby != STANDBY_RAW:
            runs.append((target, STANDARD))

    def is_vip(address: bytes) -> bool:
        return address in vips or is_registry_vip(address)

    verdicts = run_all([partial(_request, target, path, is_vip) for target, path in runs], progress)
    found: dict[str, dict[str, Verdict]] = defaultdict(dict)
    for (target, path), verdict in zip(runs, verdicts, strict=True):
        found[target.check_id][path] = verdict or _UNASKED
    return [Probed(target, _in_table(target, table), found[target.check_id]) for target in targets]


def _request(target: Target, path: str, is_vip: Callable[[bytes], bool]) -> Request:
    request = request_of(target.service, target.server)
    request.role_file = None
    request.only_path = path
    request.on_cannot_judge = DOWN
    request.is_registry_vip = is_vip
    return request


def _in_table(target: Target, table: IpvsTable) -> bool | None:
    service = target.service
    return in_table(service.protocol, service.endpoints, target.fwmarks, target.server.address, table)


def refused(found: Iterable[Probed], accepted: Collection[str]) -> list[Probed]:
    """Return those that would lose their traffic and whose user has not said that they may. accepted: IDs."""
    return [each for each in found if each.is_refusal and each.target.check_id not in accepted]


def services_all_failed(found: Iterable[Probed]) -> list[str]:
    """Return the services none of whose servers passed: the fault is hardly theirs."""
    passed: dict[str, list[bool]] = defaultdict(list)
    for each in found:
        passed[each.target.service.name].append(each.healthy)
    return [name for name, healthy in passed.items() if not any(healthy)]
