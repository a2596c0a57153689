# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck role`: master or backup, by the role files and by the VIPs that this host holds."""

from __future__ import annotations

import os

from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.cli.arguments import SERVICES_DIR, STATE_DIR
from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import HelpWanted, Option, help_text, parse
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.director.role import read_role
from lvs_rawcheck.errors import RawCheckError, UsageError
from lvs_rawcheck.registry.names import is_name
from lvs_rawcheck.registry.read import read_registry
from lvs_rawcheck.wire.address import format_address

_DESCRIPTION = """\
The role of each VRRP instance: by its role file, by the VIPs of the services that follow it, and whether they agree.
Exit status 0: all agree. 1: some do not, or cannot be told."""
_KERNEL_SECONDS = 2.0
_OPTIONS = (
    Option("", "json", None, "print one JSON object"),
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", default=SERVICES_DIR),
    Option("", "state", "DIR", f"where role files are (default: {STATE_DIR})", default=STATE_DIR),
)
_UNTOLD = "-"


class _Instance:
    """What follows one role file, or `auto`. vips: distinct, of all services that name it."""

    def __init__(self, role_file: str) -> None:
        self.role_file = role_file
        self.vips: dict[bytes, str | None] = {}
        self.by_file: str | None = None
        self.trouble: str | None = None

    @property
    def name(self) -> str:
        """Return the instance's name: that of its file."""
        return self.role_file.rpartition("/")[2]

    @property
    def by_vip(self) -> str:
        """Return the role by all VIPs that say something: one, `split` where they differ, or `-`."""
        said = {role for role in self.vips.values() if role is not None}
        return said.pop() if len(said) == 1 else "split" if said else _UNTOLD

    @property
    def agree(self) -> bool | None:
        """Return whether file and VIPs say the same, None where only one of them says anything."""
        if self.by_vip == "split" or self.trouble is not None:
            return False
        if self.by_file is None or self.by_vip == _UNTOLD:
            return None
        return self.by_file == self.by_vip

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of it."""
        return {
            "instance": self.name,
            "role_file": self.role_file,
            "by_role_file": self.by_file,
            "by_vip": None if self.by_vip == _UNTOLD else self.by_vip,
            "agree": self.agree,
            "vips": {format_address(vip): role for vip, role in self.vips.items()},
            "trouble": self.trouble,
        }


def run(arguments: list[str]) -> int:
    """Run `role` with what follows it on the command line; return the exit status."""
    try:
        line = parse(arguments, _OPTIONS)
        if len(line.positionals) > 1:
            raise UsageError("wanted: [INSTANCE]")
        found, faults = _instances(str(line.values["services"]), str(line.values["state"]))
        if line.positionals:
            found = [_named(found, line.positionals[0])]
        for fault in faults:
            complain(f"lvs-rawcheck: {one_sentence(fault)}")
        _print(found, bool(line.values["json"]))
    except HelpWanted:
        say(help_text("lvs-rawcheck role", "[INSTANCE]", _DESCRIPTION, _OPTIONS))
        return HEALTHY
    except RawCheckError as error:
        complain(f"lvs-rawcheck: {one_sentence(str(error))}")
        return UNHEALTHY
    return UNHEALTHY if faults or any(instance.agree is False for instance in found) else HEALTHY


def _instances(services: str, state: str) -> tuple[list[_Instance], list[str]]:
    """Return the instances that have a role file or are named by a service, and what could not be read."""
    by_file = {path: _Instance(path) for path in _role_files(state)}
    registry = read_registry(services, import_site_packages)
    for service in registry.services.values():
        for role_file in {server.settings.role_file for server in service.real_servers} - {None}:
            instance = by_file.setdefault(role_file, _Instance(role_file)) if role_file is not None else None
            if instance is not None:
                instance.vips.update((endpoint.vip, None) for endpoint in service.endpoints)
    roles = roles_by_vip({vip for instance in by_file.values() for vip in instance.vips}, _KERNEL_SECONDS)
    for instance in by_file.values():
        instance.vips = {vip: roles[vip] for vip in sorted(instance.vips)}
        if instance.role_file != ROLE_AUTO:
            instance.by_file, instance.trouble = read_role(instance.role_file)
    return sorted(by_file.values(), key=lambda each: each.role_file), [str(fault) for fault in registry.faults]


def _role_files(state: str) -> list[str]:
    folder = f"{state.rstrip('/')}/role"
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder) if is_name(name)]
    except (OSError, ValueError):
        return []  # nobody has told a role yet


def _named(found: list[_Instance], name: str) -> _Instance:
    for instance in found:
        if instance.name == name:
            return instance
    known = ", ".join(instance.name for instance in found) or "none"
    raise UsageError(f"no such instance: {name!r} (there are: {known})")


def _print(found: list[_Instance], as_json: bool) -> None:
    if as_json:
        import json

        say(json.dumps({"instances": [instance.to_dict() for instance in found]}))
        return
    import_site_packages()
    from lvs_rawcheck.cli.table import table_text

    head = ("instance", "by role file", "by VIP", "agree", "VIPs held", "VIPs not held")
    rows = [
        (
            instance.name,
            f"{instance.by_file or _UNTOLD}{' (not told)' if instance.trouble else ''}",
            instance.by_vip,
            {True: "yes", False: "NO", None: _UNTOLD}[instance.agree],
            _listed(instance, {"master"}),
            _listed(instance, {"backup", None}),
        )
        for instance in found
    ]
    say(table_text(head, rows) if rows else "no instance: there is no role file, and no service names one")


def _listed(instance: _Instance, roles: set[str | None]) -> str:
    return "\n".join(format_address(vip) for vip, role in instance.vips.items() if role in roles)
