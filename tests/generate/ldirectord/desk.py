# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans for texts, no disk being asked."""

from __future__ import annotations

from dataclasses import fields

from lvs_rawcheck.generate.check_text import Value
from lvs_rawcheck.generate.ldirectord.planner import plan_ldirectord
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.service_files import rendered_services
from lvs_rawcheck.generate.services import PlannedServer
from lvs_rawcheck.registry.templates import Templates

PATH = "/nowhere/ldirectord.cf"
VIP = "192.0.2.1:80"
WRAPPER = "/etc/lvs-rawcheck/ldirectord/"
REAL = "real=192.0.2.11:80 gate"


def block(*lines: str, opening: str = f"virtual={VIP}") -> str:
    """Return a block with these lines in it, and a line that ends it."""
    return "\n".join([opening, *(f"\t{line}" for line in lines), "", ""])


def plan(text: str | bytes, **options: object) -> Plan:
    """Return the plan for a text."""
    octets = text if isinstance(text, bytes) else text.encode()
    assert options.keys() <= {each.name for each in fields(PlanOptions)}
    return plan_ldirectord(PATH, PlanOptions(**options), lambda: None, {PATH: octets})  # type: ignore[arg-type]


def octets_after(planned: Plan) -> bytes:
    """Return the file as it will be."""
    return planned.result().get(PATH, planned.octets[PATH])


def after(text: str | bytes, **options: object) -> str:
    """Return a text as it will be."""
    return octets_after(plan(text, **options)).decode()


def service_files(planned: Plan) -> dict[str, bytes]:
    """Return the service files, which our own reader has read."""
    return {
        name: rendered.octets
        for name, rendered in rendered_services(planned, Templates("/nowhere"), lambda: None).items()
    }


def reasons(planned: Plan) -> list[str]:
    """Return why servers are left, one a server."""
    return [skip.reason for skip in planned.skipped]


def only_server(planned: Plan) -> PlannedServer:
    """Return the one server of the one service."""
    (service,) = planned.services.values()
    (server,) = service.servers
    return server


def check(*lines: str, opening: str = f"virtual={VIP}", **options: object) -> tuple[str, dict[str, Value]]:
    """Return kind and values of what becomes of a virtual with one server."""
    servers = () if any(line.startswith("real") for line in lines) else (REAL,)
    planned = plan(block(*servers, *lines, opening=opening), **options)
    assert reasons(planned) == []
    (text,) = only_server(planned).checks
    return text.kind, dict(text.values)


def refusal(*lines: str, opening: str = f"virtual={VIP}", **options: object) -> str:
    """Return why a virtual with one server is left, and that it is."""
    servers = () if any(line.startswith("real") for line in lines) else (REAL,)
    text = block(*servers, *lines, opening=opening)
    planned = plan(text, **options)
    assert planned.edits == {}
    assert planned.services == {}
    (reason,) = set(reasons(planned))
    return reason
