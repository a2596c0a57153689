# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck generate keepalived FILE`: the plan, shown; generate_write.py and generate_revert.py write."""

from __future__ import annotations

import gc
import json
from dataclasses import dataclass, replace

from lvs_rawcheck.checks import request as requests
from lvs_rawcheck.checks.parameters import one_of
from lvs_rawcheck.checks.request_values import parse_timeout
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.options import CommandLine, HelpWanted, Option, help_text, parse
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.cli.plan_text import plan_lines
from lvs_rawcheck.cli.write_options import WRITE_OPTIONS, demand_meaningful, source_of, tree_of
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.errors import LinkError, RawCheckError, UsageError
from lvs_rawcheck.generate.diff import unified_diff
from lvs_rawcheck.generate.first_load import plan_for_now
from lvs_rawcheck.generate.in_use import spare_what_is_in_use
from lvs_rawcheck.generate.options import (
    PROGRAM,
    SCRIPTS_DIR,
    SERVICE,
    SERVICES_DIR,
    STATE_DIR,
    STYLES,
    PlanOptions,
    parse_fwmark,
)
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.registry_changes import RegistryChanges, registry_changes
from lvs_rawcheck.generate.report import all_warnings, to_json
from lvs_rawcheck.generate.rollout import demand_inside, table_of_this_host
from lvs_rawcheck.generate.service_files import rendered_services, unknown_ids
from lvs_rawcheck.registry.templates import OVERRIDES_DIR, Templates

NOTHING_TO_DO, CHANGES_PLANNED, COULD_NOT = 0, 1, 2
VERSION_DEFAULT = "2.2.7"

_DESCRIPTION = """\
Plan raw checks for the direct-routing servers of a keepalived.conf, and show the plan and the diff.
Exit status 0: nothing to do, 1: changes are planned, 2: could not.
With --write: 0: written, or nothing to do, 1: refused, 2: could not. Nothing is reloaded."""


def _version(text: str) -> tuple[int, ...]:
    words = text.removeprefix("v").split(".")
    if not 2 <= len(words) <= 3 or not all(word.isascii() and word.isdigit() and len(word) < 5 for word in words):
        raise UsageError(f"not a version like {VERSION_DEFAULT}: {text!r}")
    return tuple(map(int, words))


def _folder(text: str) -> str:
    if not text.startswith("/"):
        raise UsageError(f"not an absolute path: {text!r}")
    return text


PLAN_OPTIONS = (
    Option(
        "",
        "style",
        "service|inline",
        "what stanzas call: the registry's checks, or one complete line",
        one_of(*STYLES),
        SERVICE,
    ),
    Option("", "keep-existing", None, "put raw checks beside the checkers, not in their place"),
    Option("", "add-missing", None, "check servers, too, that have no checker at all"),
    Option(
        "", "only", "NAME", "these virtual servers: address, address:port, group or fwm-N, * for anything", many=True
    ),
    Option("", "exclude", "NAME", "not these virtual servers", many=True),
    Option(
        "",
        "standby",
        "fallback|raw",
        "on a backup: the check that the site had (default), or the raw one all the same",
        one_of(requests.FALLBACK, requests.STANDBY_RAW),
        requests.FALLBACK,
    ),
    Option(
        "t", "timeout", "SECONDS", "one deadline for every check (default: from each connect_timeout)", parse_timeout
    ),
    Option("", "fwmark", "N=VIP:PORT[,...][/PROTO]", "what a firewall mark stands for", parse_fwmark, many=True),
    Option("", "config-id", "ID", "the node that the plan is for, as @ID means it (keepalived -i)"),
    Option("", "keepalived-version", "VERSION", f"how to read the file (default: {VERSION_DEFAULT})", _version),
    Option("", "scripts", "DIR", f"where `verdict` and `notify` are (default: {SCRIPTS_DIR})", _folder, SCRIPTS_DIR),
    Option("", "program", "PATH", f"what inline stanzas call (default: {PROGRAM})", _folder, PROGRAM),
    Option("", "services", "DIR", f"the registry (default: {SERVICES_DIR})", _folder, SERVICES_DIR),
    Option("", "state", "DIR", f"where roles and verdicts are (default: {STATE_DIR})", _folder, STATE_DIR),
    Option("", "user", "NAME", "whom the stanzas run as (default: root)", default="root"),
    Option("", "observe", None, "the services only observe at first: the standard check decides"),
    Option(
        "",
        "templates",
        "DIR",
        f"templates that override the shipped ones (default: {OVERRIDES_DIR})",
        default=OVERRIDES_DIR,
    ),
    Option("", "json", None, "print one JSON object"),
    Option("", "check", None, "say only whether anything would change"),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it means for the registry."""

    plan: Plan
    options: PlanOptions
    registry: RegistryChanges
    missing_ids: list[str]
    """Named by stanzas that are there, and not in the registry."""

    @property
    def status(self) -> int:
        """Return the exit status of the plan alone. A service file that is kept is no change: it is told."""
        registry = self.registry
        wanted = self.plan.edits or registry.written or registry.faults or self.missing_ids
        return CHANGES_PLANNED if wanted else NOTHING_TO_DO


def run(arguments: list[str]) -> int:
    """Run `generate` with what follows it on the command line; return the exit status."""
    gc.disable()  # a third of a large site's time, and whatever is made lasts until the end anyway
    try:
        return _run(arguments)
    except HelpWanted:
        say(help_text("lvs-rawcheck generate", "keepalived FILE", _DESCRIPTION, (*PLAN_OPTIONS, *WRITE_OPTIONS)))
        return NOTHING_TO_DO
    except RawCheckError as error:
        complain(f"lvs-rawcheck: {one_sentence(str(error))}")
    except Exception as error:  # ours: 1 would say that changes are planned
        complain(f"lvs-rawcheck: internal error: {type(error).__name__}: {one_sentence(str(error))}")
    finally:
        gc.freeze()  # nor does the interpreter search it for cycles when it ends
    return COULD_NOT


def _run(arguments: list[str]) -> int:
    line = parse(arguments, (*PLAN_OPTIONS, *WRITE_OPTIONS))
    demand_meaningful(line)
    if line.positionals[:1] == ["scripts"]:
        from lvs_rawcheck.cli.generate_scripts import run_scripts

        return run_scripts(line)
    if line.values["revert"]:
        from lvs_rawcheck.cli.generate_revert import run_revert

        return run_revert(line, arguments)
    if line.values["write"]:
        from lvs_rawcheck.cli.generate_write import run_write

        return run_write(line, arguments)
    planned = plan_by(line)
    if line.values["json"]:
        say(json.dumps(_to_json(planned), indent=2))
    else:
        _show(planned, brief=bool(line.values["check"]))
    return planned.status


def plan_by(line: CommandLine) -> Planned:
    """Return the plan that a command line asks for; RawCheckError."""
    path, tree = source_of(line), tree_of(line)
    options = replace(plan_options(line), root=tree.root)
    table = _table() if tree.root is None else None
    plan = plan_for_now(path, options, config_id_of(line), version_of(line), import_site_packages, table)
    demand_inside(tree, path, plan.octets)
    if tree.root is not None:  # not before: what a stanza names is the other host's own folder
        options = replace(options, services=tree.place(options.services))
    return Planned(plan, options, registry_plan(plan, options), _missing_ids(plan, options))


def _table() -> IpvsTable | None:
    try:
        return table_of_this_host()
    except LinkError:
        return None  # `--write` says so; a plan is good for something without it


def version_of(line: CommandLine) -> tuple[int, ...]:
    """Return the version of keepalived by which the file is read."""
    version = line.values["keepalived_version"] or _version(VERSION_DEFAULT)
    assert isinstance(version, tuple)
    return version


def config_id_of(line: CommandLine) -> str | None:
    """Return the node that the plan is for."""
    config_id = line.values["config_id"]
    return None if config_id is None else str(config_id)


def plan_options(line: CommandLine) -> PlanOptions:
    """Return how a command line wants it planned."""
    values = line.values
    timeout = values["timeout"]
    return PlanOptions(
        style=str(values["style"]),
        keep_existing=bool(values["keep_existing"]),
        add_missing=bool(values["add_missing"]),
        only=tuple(values["only"]),  # type: ignore[arg-type]
        exclude=tuple(values["exclude"]),  # type: ignore[arg-type]
        standby=str(values["standby"]),
        timeout=timeout if isinstance(timeout, float) else None,
        fwmarks=dict(values["fwmark"]),  # type: ignore[call-overload]
        scripts=str(values["scripts"]),
        program=str(values["program"]),
        services=str(values["services"]),
        state=str(values["state"]),
        user=str(values["user"]),
        observe=bool(values["observe"]),
        templates=str(values["templates"]),
    )


def registry_plan(plan: Plan, options: PlanOptions) -> RegistryChanges:
    """Return what a plan means for the registry; an inline stanza needs none."""
    if options.style != SERVICE:
        return RegistryChanges(options.services)
    templates = Templates(options.templates or OVERRIDES_DIR)
    files = rendered_services(plan, templates, import_site_packages)
    wanted = [check.check_id for server in plan.servers for check in server.checks]
    left = {each.service for each in plan.left}
    changes = registry_changes(options.services, files, wanted, left, import_site_packages)
    spare_what_is_in_use(changes, plan, options)
    return changes


def _missing_ids(plan: Plan, options: PlanOptions) -> list[str]:
    return list(unknown_ids(plan, options.services, import_site_packages)) if options.style == SERVICE else []


def _to_json(planned: Planned) -> dict[str, object]:
    report = to_json(planned.plan)
    return {**report, "warnings": [*all_warnings(planned.plan), *_registry_lines(planned)]}


def _show(planned: Planned, brief: bool) -> None:
    for text in plan_lines(planned.plan, planned.options, brief):
        say(text)
    for text in _registry_lines(planned):
        say(text)
    if brief:
        return
    plan = planned.plan
    for path, edits in plan.edits.items():
        say("")
        say("\n".join(unified_diff(path, plan.octets[path], edits)))


def _registry_lines(planned: Planned) -> list[str]:
    registry = planned.registry
    lines = []
    if registry.written:
        lines.append(f"service files to be written in {registry.folder}: {', '.join(sorted(registry.written))}")
    lines += [f"service file {name}: edited since it was written, and kept; not as planned" for name in registry.kept]
    lines += registry.faults
    lines += [f"{check_id}: a stanza names it, and the registry has no such check" for check_id in planned.missing_ids]
    return lines
