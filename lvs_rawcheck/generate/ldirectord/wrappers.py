# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that ldirectord calls: one for each service, since it gives them no argument to tell virtuals apart."""

from __future__ import annotations

from lvs_rawcheck.generate.ldirectord.virtual import wrapper_of
from lvs_rawcheck.generate.options import STATE_DIR, PlanOptions
from lvs_rawcheck.generate.pace import caller_timeout
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.registry.templates import OVERRIDES_DIR, Templates

_TEMPLATE = "ldirectord/wrapper"
_MARGIN = 1  # seconds that a wrapper ends before ldirectord would end it


def wrappers_of(plan: Plan, options: PlanOptions) -> dict[str, bytes]:
    """Return the wrapper of each planned service, by path; ConfigSyntaxError: its template."""
    templates = Templates(options.templates or OVERRIDES_DIR)
    timeouts = {
        check.check_id.partition("/")[0]: caller_timeout(check.times.after.timeout)
        for server in plan.servers
        for check in server.checks
    }
    return {
        wrapper_of(name, options): _rendered(templates, name, timeouts[name], options).encode(
            "utf-8", "surrogateescape"
        )
        for name in plan.services
    }


def _rendered(templates: Templates, service: str, timeout: int, options: PlanOptions) -> str:
    return templates.render(
        _TEMPLATE,
        service=service,
        scripts=options.scripts,
        state=None if options.state == STATE_DIR else options.state,
        deadline=timeout - _MARGIN,
    )
