# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations and what becomes of them, laid out for the laboratory: a folder each, with `before` and `after`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.config.keepalived import Configuration, read_keepalived
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.keepalived import plan_keepalived
from lvs_rawcheck.generate.options import INLINE, PlanOptions, parse_fwmark
from lvs_rawcheck.generate.plan import Plan
from tests.generate.example_sites import AFTER as EXPECTED
from tests.generate.example_sites import MAIN, OPTIONS, PLAN
from tests.lab.corpus_dump.places import AFTER, BEFORE, NODE, PROGRAM, SITES, TOOLS

VERSION = (2, 2, 7)


@dataclass(frozen=True, slots=True)
class Conversion:
    """A configuration that was converted. folder: of the results."""

    name: str
    folder: Path
    plan: Plan


@dataclass(frozen=True, slots=True)
class Converted:
    """What was made of many configurations. unreadable: source and why no plan was made, by name."""

    conversions: list[Conversion]
    unreadable: dict[str, tuple[Path, str]]
    unchanged: list[str]
    """Those in which there is nothing to do: they stay octet for octet what they were."""


def convert(sources: list[Path], results: Path) -> Converted:
    """Plan each configuration, a file or a site's folder, and lay out those that change below `results`."""
    converted = Converted([], {}, [])
    for source in sources:
        name = f"{source.parent.name}-{source.name}"
        folder = results / SITES / name
        try:
            plan = _lay_out(source, folder)
        except ConfigError as error:
            converted.unreadable[name] = source, str(error)
            shutil.rmtree(folder)
            continue
        if plan.edits:
            converted.conversions.append(Conversion(name, folder, plan))
        else:
            converted.unchanged.append(name)
            shutil.rmtree(folder)
    return converted


def _lay_out(source: Path, folder: Path) -> Plan:
    before, after = folder / BEFORE, folder / AFTER
    style = PlanOptions().style
    if source.is_dir():
        shutil.copytree(source, before, ignore=shutil.ignore_patterns(EXPECTED, PLAN, OPTIONS))
        style = INLINE if (source / OPTIONS).exists() and INLINE in (source / OPTIONS).read_text() else style
    else:
        before.mkdir(parents=True)
        shutil.copyfile(source, before / MAIN)
    conf = str(before / MAIN)
    marks = dict.fromkeys(_marks(read_keepalived(conf, NODE, VERSION)))
    options = PlanOptions(
        style=style,
        add_missing=True,
        fwmarks=dict(parse_fwmark(f"{mark}=192.0.2.1:80") for mark in marks),
        scripts=TOOLS,
        program=PROGRAM,
    )
    plan = plan_keepalived(conf, options, NODE, VERSION, import_site_packages)
    shutil.copytree(before, after)
    for path, octets in plan.result().items():
        (after / Path(path).relative_to(before)).write_bytes(octets)
    return plan


def _marks(configuration: Configuration) -> Iterator[int]:
    """Yield the firewall marks of virtual servers, their own and their groups'."""
    for virtual in configuration.site.virtual_servers:
        entries = virtual.group.entries if virtual.group else []
        for mark in (virtual.fwmark, *(entry.fwmark for entry in entries)):
            if mark is not None:
                yield mark
