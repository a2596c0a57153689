# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into the configuration: a MISC_CHECK by template, in the indentation of its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import STANDARD_INSTEAD
from lvs_rawcheck.config.tree import to_octets
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.generate.keepalived.prepared import Prepared
from lvs_rawcheck.generate.keepalived.quoting import quoted_command
from lvs_rawcheck.generate.keepalived.timing import StanzaTimes
from lvs_rawcheck.generate.options import SERVICE, SERVICES_DIR, STATE_DIR, PlanOptions
from lvs_rawcheck.generate.pace import seconds
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.services import PlannedServer
from lvs_rawcheck.registry.templates import Templates

LINE_OCTETS_MOST = 1022  # with its line feed within the 1023 that keepalived reads at once (MAXBUF, lib/parser.h)
_IN_TEMPLATES = "    "
_COMMAND = '"the command"'  # what templates are given in its place
_COMMAND_OCTETS = _COMMAND.encode("ascii")


@dataclass(frozen=True, slots=True)
class StanzaText:
    """One stanza. command: its argument vector; lines: without indentation of the place, without line ends.

    track_file: the name of the block that it goes by, "" for a command.
    """

    command: tuple[str, ...]
    lines: tuple[bytes, ...]
    track_file: str = ""


class StanzaWriter:
    """Writes stanzas of one style."""

    def __init__(self, options: PlanOptions, templates: Templates) -> None:
        self._options = options
        self._templates = templates
        self._name = f"keepalived/{options.style}.conf"
        self._rendered: dict[tuple[int, tuple[str, ...], bytes], tuple[bytes, ...]] = {}

    def stanza(self, prepared: Prepared, service: Mapping[str, object], step: bytes) -> StanzaText:
        """Return the stanza of a check; Refused. service: its settings."""
        command = self.command(prepared.check_id, prepared.server, prepared.endpoints, service)
        return self.write(command, prepared.times, step)

    def command(
        self, check_id: str, server: PlannedServer, endpoints: Iterable[Endpoint], service: Mapping[str, object]
    ) -> tuple[str, ...]:
        """Return the command of a check; Refused where a command line cannot say it. service: its settings."""
        options = self._options
        if options.style == SERVICE:
            state = () if options.state == STATE_DIR else ("-s", options.state)
            return (f"{options.scripts.rstrip('/')}/verdict", *state, check_id)
        if server.standby_checks or server.port is not None:
            raise Refused("a command line cannot say its standard check, which goes another way: --style service can")
        if any(check.kind != server.checks[0].kind for check in server.checks):
            raise Refused("a command line has one kind of check: --style service can have several")
        settings = {**service, **dict(server.settings)}
        if (options.services, options.state) != (SERVICES_DIR, STATE_DIR):
            settings |= {"services": options.services, "state": options.state}
        return (options.program, "check", *_inline_words(server, endpoints, settings))

    def write(self, command: tuple[str, ...], times: StanzaTimes, step: bytes) -> StanzaText:
        """Return the stanza. step: one more indentation. Refused: keepalived's versions would not read it alike."""
        try:
            quoted = quoted_command(command)
        except UsageError as error:
            raise Refused(str(error)) from error
        lines = self._lines(times, step)
        there = to_octets(quoted)
        return StanzaText(command, tuple(line.replace(_COMMAND_OCTETS, there) for line in lines))

    def _lines(self, times: StanzaTimes, step: bytes) -> tuple[bytes, ...]:
        """Return the lines with a place for the command: the rest of a stanza is the same for most servers."""
        key = (times.misc_timeout, times.lines, step)
        lines = self._rendered.get(key)
        if lines is None:
            text = self._templates.render(
                self._name,
                command=_COMMAND,
                user=self._options.user,
                misc_timeout=times.misc_timeout,
                timers=times.lines,
            )
            if _COMMAND not in text:
                raise UsageError(f"template {self._name}: it does not say the command")
            lines = indented_lines(text, step)
            self._rendered[key] = lines
        return lines


def indented_lines(text: str, step: bytes) -> tuple[bytes, ...]:
    """Return the lines of a rendered template with its indentations as the place has them."""
    return tuple(_indented(line, step) for line in text.rstrip("\n").split("\n"))


def _indented(line: str, step: bytes) -> bytes:
    """Return a line of a template with each of its indentations as the place has them."""
    text = line.lstrip(" ")
    depth = (len(line) - len(text)) // len(_IN_TEMPLATES)
    return step * depth + to_octets(text)


def demand_short_lines(octets: bytes) -> None:
    """Raise Refused if a line is longer than keepalived reads at once."""
    longest = max(map(len, octets.split(b"\n")))
    if longest > LINE_OCTETS_MOST:
        raise Refused(f"a line would have {longest} octets, and keepalived reads {LINE_OCTETS_MOST} at once")


def _inline_words(
    server: PlannedServer, endpoints: Iterable[Endpoint], settings: Mapping[str, object]
) -> Iterable[str]:
    first, *further = server.checks
    yield from (first.kind, server.address, ",".join(map(str, endpoints)))
    yield from ("-t", seconds(float(str(settings["timeout"]))))
    if "role_file" in settings:
        yield from ("-r", str(settings["role_file"]))
    if settings.get("standby") == "raw":
        yield from ("--standby", "raw")
    for folder in ("services", "state"):
        if folder in settings:
            yield from (f"--{folder}", str(settings[folder]))
    yield from ("--reply-mac", "known", "--on-cannot-judge", STANDARD_INSTEAD)
    yield from _options_of(first)
    for check in further:
        yield "--next"
        yield from _options_of(check)


def _options_of(check: CheckText) -> Iterable[str]:
    for key, value in check.values:
        name = f"--{key.replace('_', '-')}"
        if value is True:
            yield name
        elif isinstance(value, tuple):
            for each in value:
                yield from (name, each)
        else:
            yield from (name, str(value))
