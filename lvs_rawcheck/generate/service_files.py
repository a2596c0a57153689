# SPDX-License-Identifier: GPL-2.0-or-later
"""The service files of a plan, as text, and stanzas that lack theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lvs_rawcheck.errors import ConfigError, UsageError
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.registry.names import is_name, parse_check_id
from lvs_rawcheck.registry.read import read_check
from lvs_rawcheck.registry.templates import Templates
from lvs_rawcheck.registry.write import RenderedService, render_service


def rendered_services(
    plan: Plan, templates: Templates, import_libraries: Callable[[], None]
) -> dict[str, RenderedService]:
    """Return the service files by name; ConfigError: a template makes nothing that can be read."""
    return {
        name: render_service(templates, name, service.to_text(), import_libraries)
        for name, service in plan.services.items()
    }


def unknown_ids(plan: Plan, folder_path: str, import_libraries: Callable[[], None]) -> Iterator[str]:
    """Yield what the registry lacks of the IDs that stanzas of ours name which the plan leaves as they are."""
    for left in plan.left:
        if not is_name(left.service) or left.check_id == left.service:
            continue
        try:
            service, address = parse_check_id(left.check_id)
            read_check(folder_path, service, address, import_libraries)
        except (ConfigError, UsageError):
            yield left.check_id
