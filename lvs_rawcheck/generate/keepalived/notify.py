# SPDX-License-Identifier: GPL-2.0-or-later
"""How keepalived is made to maintain the role file of a VRRP instance, beside the scripts that the site has there.

    wiring = NotifyWriter(site.settings, scripts, state).wire(instance)   # Refused: the sentence says why
    wiring.lines          # what is to stand in the instance's block; notify_place.py puts it there

keepalived runs one script a keyword and instance, the first: a second one is ignored (vrrp_parser.c). So, in order:
1. notify_master, notify_backup, notify_fault and notify_stop, where none of them is the site's;
2. the generic `notify`, where that is free: nothing of the site's is touched;
3. each of the four, and where one is the site's, ours in its place, which then becomes theirs: with its arguments, and
   as its user and group, for the role file is root's, and `user` concerns the whole command.

Scripts of a sync group are others: those of its instances run as well (vrrp_notify.c, send_instance_notifies).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lvs_rawcheck.config.keepalived.lines import ASSIGNMENT, CONDITION, DEFINITION, SEQUENCE, UNKNOWABLE
from lvs_rawcheck.config.keepalived.model import GlobalSettings, Script, Site, VrrpInstance
from lvs_rawcheck.config.keepalived.vrrp import INSTANCE_SCRIPTS
from lvs_rawcheck.config.tree import Span, Touch, to_octets
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.keepalived.notify_user import ROOT, PrimaryGroup, primary_group_here, runs_as
from lvs_rawcheck.generate.keepalived.quoting import quoted_command
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.registry.names import is_name

ROLES = {"notify_master": "MASTER", "notify_backup": "BACKUP", "notify_fault": "FAULT", "notify_stop": "STOP"}
GENERIC = "notify"
STATE_DEFAULT = "/run/lvs-rawcheck"  # what the script itself takes
_UNSTEADY = frozenset((CONDITION, SEQUENCE, UNKNOWABLE, ASSIGNMENT))
# Words of a line that is not the same everywhere which could mean a script, or the end of the block.
_MATTERS = (b"notify", b"include", b"{", b"}", b"$")
# As keepalived does it (lib/notify.c, system_call_script): no further groups, SIGTERM when keepalived ends.
_BECOME = ("/usr/bin/setpriv", "--clear-groups", "--pdeathsig", "TERM")


@dataclass(frozen=True, slots=True)
class NotifyLine:
    """One line of ours. text: without indentation and line end; replaced: where the site's is, None for a free slot."""

    keyword: str
    text: bytes
    replaced: Span | None = None


@dataclass(frozen=True, slots=True)
class Wiring:
    """All lines of ours for one instance. notes: a sentence for each thing that its owner may wonder about."""

    instance: VrrpInstance
    lines: tuple[NotifyLine, ...]
    notes: tuple[str, ...] = ()


def notify_spans(site: Site) -> Iterator[Span]:
    """Yield where each notify line of each instance stands, ours and the site's."""
    for instance in site.instances:
        for statement in instance.block.children:
            if statement.keyword in INSTANCE_SCRIPTS:
                yield statement.span


class NotifyWriter:
    """Wires instances. scripts: the folder of `notify`; state: the folder of the folder of the role files."""

    def __init__(
        self, settings: GlobalSettings, scripts: str, state: str, primary_group: PrimaryGroup = primary_group_here
    ) -> None:
        self._settings = settings
        self._primary_group = primary_group
        state = state.rstrip("/")
        self.command = (f"{scripts.rstrip('/')}/notify", *(() if state == STATE_DEFAULT else ("-s", state)))

    def wire(self, instance: VrrpInstance) -> Wiring:
        """Return what makes keepalived maintain its role file; Refused."""
        if not is_name(instance.name):
            raise Refused(f"no file can be called {instance.name[:80]!r}")
        _demand_editable(instance)
        taken = {child.keyword for child in instance.block.children}
        if taken.isdisjoint(ROLES):
            return Wiring(instance, tuple(self._of_a_role(keyword, instance) for keyword in ROLES))
        if GENERIC not in taken:
            theirs = ", ".join(keyword for keyword in ROLES if keyword in taken)
            note = f"{theirs} stays as it is, the role file is written by the generic notify"
            return Wiring(instance, (self._line(GENERIC, ()),), (note,))
        lines = [self._of_a_role(keyword, instance) for keyword in ROLES if keyword not in taken]
        chained = [self._chained(keyword, instance) for keyword in ROLES if keyword in taken]
        notes = (f"{line.keyword} writes the role file, and then becomes the site's own script" for line in chained)
        return Wiring(instance, (*chained, *lines), tuple(notes))

    def _of_a_role(self, keyword: str, instance: VrrpInstance) -> NotifyLine:
        return self._line(keyword, (ROLES[keyword], instance.name))

    def _chained(self, keyword: str, instance: VrrpInstance) -> NotifyLine:
        script = instance.scripts.get(keyword)
        if script is None:
            raise Refused(f"its {keyword} cannot be read")
        for mark in script.statement.line.marks:
            raise Refused(f"its {keyword}: {mark.sentence}")
        if b"\\" in script.span.octets:
            raise Refused(f"its {keyword} has a backslash, which keepalived's versions do not read alike")
        words = (ROLES[keyword], instance.name, "--", *self._as_before(keyword, script))
        return self._line(keyword, words, script.span)

    def _as_before(self, keyword: str, script: Script) -> Sequence[str]:
        """Return the site's command, run by whom keepalived ran it."""
        try:
            user, group = runs_as(script, self._settings, self._primary_group)
        except Refused as error:
            raise Refused(f"its {keyword}: {error}") from error
        if (user, group) == (ROOT, ROOT):
            return script.argv
        return (*_BECOME, "--regid", group, "--reuid", user, *script.argv)

    def _line(self, keyword: str, words: Sequence[str], replaced: Span | None = None) -> NotifyLine:
        try:
            command = quoted_command((*self.command, *words))
        except UsageError as error:
            raise Refused(f"{keyword}: {error}") from error
        return NotifyLine(keyword, to_octets(f"{keyword} {command} {ROOT}"), replaced)


def _demand_editable(instance: VrrpInstance) -> None:
    """Raise Refused unless lines before its closing brace are read once, on every node, and see all its scripts."""
    block = instance.block
    span = instance.span
    if span is None or block.closing is None or block.opening is None:
        raise Refused("its braces do not stand in one stretch of one file")
    if (block.opening.span.octets, block.closing.span.octets) != (b"{", b"}"):
        raise Refused("a definition holds one of its braces")
    for mark in (*block.line.marks, *block.opening.marks, *block.closing.marks):
        if mark.kind != DEFINITION:
            raise Refused(mark.sentence)
    for touch in instance.obstacles:
        if not _harmless(touch, span):
            raise Refused(touch.sentence)


def _harmless(touch: Touch, span: Span) -> bool:
    """Return whether a touched line cannot be, on any node, a script of the instance, or its end."""
    octets = span.file.octets
    line = octets[touch.offset : octets.find(b"\n", touch.offset) + 1 or None]
    if touch.kind == DEFINITION:
        return True
    return touch.kind in _UNSTEADY and not any(word in line for word in _MATTERS)
