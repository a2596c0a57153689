# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations and what becomes of them, laid out for the laboratory: a folder each, with `before` and `after`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.config.keepalived import Configuration, read_keepalived
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.planner import plan_keepalived
from lvs_rawcheck.generate.options import INLINE, SERVICE, PlanOptions, parse_fwmark
from tests.generate.example_sites import AFTER as EXPECTED
from tests.generate.example_sites import MAIN, OPTIONS, PLAN
from tests.lab.corpus_dump.places import AFTER, BEFORE, NODE, PROGRAM, REFUSED, SITES, TOOLS

VERSION = (2, 2, 7)
_OTHER_METHOD = re.compile(rb"\b((?:lb_kind|lvs_method)[ \t]+)(?:NAT|TUN|FNAT)\b")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A configuration that was converted. folder: what is below SITES."""

    name: str
    folder: Path
    plan: KeepalivedPlan


@dataclass(frozen=True, slots=True)
class Converted:
    """What was made of many configurations. unreadable: why there is no plan, by name; these are below REFUSED."""

    conversions: list[Conversion]
    unreadable: dict[str, str]
    unchanged: list[str]
    """Those in which there is nothing to do: they stay octet for octet what they were."""


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration to convert. name: of no other; path: a file, or a site's folder."""

    name: str
    path: Path
    styles: tuple[str, ...] = (SERVICE,)
    """Of stanzas: the first in which anything can be changed."""

    forwards_directly: bool = False
    """Whether to let it forward directly where it is of another method."""


def of_site(path: Path) -> Source:
    """Return an example's folder, to be converted as its options say."""
    options = (path / OPTIONS).read_text() if (path / OPTIONS).exists() else ""
    return Source(path.name, path, (INLINE if INLINE in options else SERVICE,))


def of_files(paths: list[Path]) -> list[Source]:
    """Return each one, and what it would be if it forwarded directly, in command lines where they can say it."""
    found = []
    for path in paths:
        name = f"{path.parent.name}-{path.name}"
        found.append(Source(name, path))
        if _OTHER_METHOD.search(path.read_bytes()):
            found.append(Source(f"{name}-directly", path, (INLINE, SERVICE), forwards_directly=True))
    return found


def convert(sources: list[Source], results: Path) -> Converted:
    """Plan each configuration, and lay out those that change below `results`."""
    converted = Converted([], {}, [])
    for source in sources:
        folder = results / SITES / source.name
        _lay_out(source, folder / BEFORE)
        try:
            plan = _plan(source, folder / BEFORE)
        except ConfigError as error:
            (results / REFUSED).mkdir(exist_ok=True)
            converted.unreadable[source.name] = str(error)
            folder.rename(results / REFUSED / source.name)
            continue
        if not plan.edits:
            converted.unchanged.append(source.name)
            shutil.rmtree(folder)
            continue
        converted.conversions.append(Conversion(source.name, folder, plan))
        shutil.copytree(folder / BEFORE, folder / AFTER)
        for path, octets in plan.result().items():
            (folder / AFTER / Path(path).relative_to(folder / BEFORE)).write_bytes(octets)
    return converted


def _lay_out(source: Source, folder: Path) -> None:
    if source.path.is_dir():
        shutil.copytree(source.path, folder, ignore=shutil.ignore_patterns(EXPECTED, PLAN, OPTIONS))
        return
    folder.mkdir(parents=True)
    octets = source.path.read_bytes()
    (folder / MAIN).write_bytes(_OTHER_METHOD.sub(rb"\1DR", octets) if source.forwards_directly else octets)


def _plan(source: Source, folder: Path) -> KeepalivedPlan:
    """Return the plan that changes as much as can be: every mark means something, and no server stays unchecked."""
    conf = str(folder / MAIN)
    marks = dict.fromkeys(_marks(read_keepalived(conf, NODE, VERSION)))
    options = PlanOptions(
        add_missing=True,
        fwmarks=dict(parse_fwmark(f"{mark}=192.0.2.1:80") for mark in marks),
        scripts=TOOLS,
        program=PROGRAM,
    )
    plans = (
        plan_keepalived(conf, replace(options, style=style), NODE, VERSION, import_site_packages)
        for style in source.styles
    )
    for plan in plans:
        if plan.edits:
            break
    return plan


def _marks(configuration: Configuration) -> Iterator[int]:
    """Yield the firewall marks of virtual servers, their own and their groups'."""
    for virtual in configuration.site.virtual_servers:
        entries = virtual.group.entries if virtual.group else []
        for mark in (virtual.fwmark, *(entry.fwmark for entry in entries)):
            if mark is not None:
                yield mark
