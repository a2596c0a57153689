# SPDX-License-Identifier: GPL-2.0-or-later
"""All subjects, one after the other: what one of them cannot look at stops no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lvs_rawcheck.diagnose.doctor.arp import arp_settings
from lvs_rawcheck.diagnose.doctor.clocks import clocks
from lvs_rawcheck.diagnose.doctor.configuration_tests import configuration_tests, ldirectord_configuration
from lvs_rawcheck.diagnose.doctor.daemon_state import daemon_state
from lvs_rawcheck.diagnose.doctor.drift import drift
from lvs_rawcheck.diagnose.doctor.firewall import firewall
from lvs_rawcheck.diagnose.doctor.ipvs_settings import ipvs_settings
from lvs_rawcheck.diagnose.doctor.martians import log_martians
from lvs_rawcheck.diagnose.doctor.neighbours import neighbour_tables
from lvs_rawcheck.diagnose.doctor.privileges import privileges
from lvs_rawcheck.diagnose.doctor.registry_files import registry_files
from lvs_rawcheck.diagnose.doctor.reverse_path import rp_filter
from lvs_rawcheck.diagnose.doctor.role_files import role_files
from lvs_rawcheck.diagnose.doctor.scripts import scripts
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.state_folders import state_folders
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.doctor.ways import ways
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.errors import RawCheckError

SUBJECTS: dict[str, Callable[[Surroundings], Section]] = {
    "registry": registry_files,
    "services.d against configurations": drift,
    "keepalived": configuration_tests,
    "scripts of keepalived": scripts,
    "ldirectord": ldirectord_configuration,
    "privileges": privileges,
    "roles": role_files,
    "ways to the real servers": ways,
    "ARP for VIPs": arp_settings,
    "log_martians": log_martians,
    "rp_filter": rp_filter,
    "firewall rules": firewall,
    "neighbour tables": neighbour_tables,
    "IPVS settings": ipvs_settings,
    "clocks": clocks,
    "state folder": state_folders,
    "daemon and modes": daemon_state,
}
"""What is looked at, in the order in which it is told: what is to be checked, by whom, the way there, the rest."""


@dataclass(slots=True)
class Examination:
    """All of it. gaps: what could not even be read, a sentence each."""

    sections: list[Section]
    gaps: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """Return the findings of all subjects."""
        return [finding for section in self.sections for finding in section.findings]

    @property
    def not_looked_at(self) -> list[str]:
        """Return what was not looked at, and why, of all subjects."""
        return [*self.gaps, *(gap for section in self.sections for gap in section.gaps)]

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of it."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "subjects": [section.to_dict() for section in self.sections],
            "partial": bool(self.not_looked_at),
            "gaps": self.not_looked_at,
        }


def examine(here: Surroundings, gaps: list[str]) -> Examination:
    """Return what was found. gaps: what could not be read before."""
    return Examination([_section(name, look, here) for name, look in SUBJECTS.items()], gaps)


def _section(name: str, look: Callable[[Surroundings], Section], here: Surroundings) -> Section:
    here.sysctls.missing.clear()
    try:
        section = look(here)
    except (RawCheckError, OSError) as error:
        return Section(name, gaps=[str(error)])
    except Exception as error:  # ours: the other subjects are wanted all the more
        return Section(name, gaps=[f"internal error: {type(error).__name__}: {error}"])
    told = " ".join(section.gaps)
    section.gaps += [f"{setting}: {why}" for setting, why in here.sysctls.missing.items() if setting not in told]
    return section
