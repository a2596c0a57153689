# SPDX-License-Identifier: GPL-2.0-or-later
"""What is worth knowing of a plan as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lvs_rawcheck.config.ldirectord.model import Globals, Site
from lvs_rawcheck.generate.ldirectord.loop import loop_sentences, shared
from lvs_rawcheck.generate.ldirectord.virtual import Converted

_FALLBACK = ("fallback", "fallback6")
_MOST_SHOWN = 4


def advice(site: Site, converted: Mapping[int, Converted], will_change: bool) -> Iterator[str]:
    """Yield a sentence for each thing. converted: by the virtual's number; will_change: whether the file would."""
    if not converted:
        return
    yield from _notes(site, converted)
    yield from shared(site, converted)
    yield from loop_sentences(site, converted)
    if will_change:
        yield from _of_reload(site.settings)
    settings = (site.settings, *(site.virtuals[number] for number in converted))
    if any(name in each.directives for each in settings for name in _FALLBACK):
        yield "fallback servers are checked by nobody, as before"
    if site.settings.maintenance_folder is not None:
        yield (
            f"maintenancedir {site.settings.maintenance_folder} goes on working: ldirectord looks there before it calls"
            " a check"
        )


def _notes(site: Site, converted: Mapping[int, Converted]) -> Iterator[str]:
    """Yield the notes of whole virtuals, each once, with the virtuals that it is about."""
    about: dict[str, list[str]] = {}
    for number, each in converted.items():
        for note in each.notes:
            about.setdefault(note, []).append(site.virtuals[number].label)
    for note, labels in about.items():
        more = f" and {len(labels) - _MOST_SHOWN} more" if len(labels) > _MOST_SHOWN else ""
        yield f"{', '.join(labels[:_MOST_SHOWN])}{more}: {note}"


def _of_reload(settings: Globals) -> Iterator[str]:
    if settings.autoreload:
        yield "autoreload=yes: to write the file is to load it, within a round"
    else:
        yield "autoreload=no: the file is loaded by `ldirectord reload`, or when it starts"
    if not settings.readdquiescent:
        yield (
            "at each reload ldirectord puts servers that are down back for a moment, with their full weight"
            " (readdquiescent=no)"
        )
