# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP instances and sync groups, and the settings for all (vrrp/vrrp_parser.c, core/global_parser.c)."""

from __future__ import annotations

from collections.abc import Iterable

from lvs_rawcheck.config.keepalived.blocks import Admission, Block, Statement
from lvs_rawcheck.config.keepalived.model import GlobalSettings, TrackFile, VirtualIp, VrrpInstance, VrrpSyncGroup
from lvs_rawcheck.config.keepalived.numbers import read_number
from lvs_rawcheck.config.keepalived.values import Values
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import format_address, parse_address

GROUP_SCRIPTS = frozenset(("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop"))
INSTANCE_SCRIPTS = GROUP_SCRIPTS | {"notify_deleted", "notify_master_rx_lower_pri"}
_FIFOS = ("notify_fifo", "vrrp_notify_fifo", "lvs_notify_fifo")


def admit_named_once(kind: str) -> Admission:
    """Return what lets each vrrp_instance or vrrp_sync_group in once: with one name, and no second time."""
    seen: set[str] = set()

    def admit(block: Block) -> str | None:
        if len(block.words) != 2:
            return f"keepalived skips this {kind}: it needs one name"
        if block.words[1] in seen:
            return f"keepalived skips this {kind}: there is one named {block.words[1]!r} already"
        seen.add(block.words[1])
        return None

    return admit


def build_instance(block: Block, values: Values) -> VrrpInstance:
    """Return a vrrp_instance."""
    instance = VrrpInstance(block=block, name=block.words[1])
    for child in block.children:
        keyword = child.keyword
        if keyword == "interface":
            instance.interface = values.word(child) or instance.interface
        elif keyword == "state":
            instance.state = values.word(child) or instance.state
        elif keyword in ("virtual_ipaddress", "virtual_ipaddress_excluded") and isinstance(child, Block):
            for line in child.children:
                vip = _virtual_ip(line, values)
                if vip is not None:
                    vip.excluded = keyword == "virtual_ipaddress_excluded"
                    instance.virtual_ips.append(vip)
    instance.scripts = values.first_scripts(block, INSTANCE_SCRIPTS)
    return instance


def _virtual_ip(statement: Statement, values: Values) -> VirtualIp | None:
    """Return one address of an instance, None if keepalived skips it (alloc_ipaddress, parse_ipaddress)."""
    text, slash, length_text = statement.words[0].partition("/")
    try:
        octets = parse_address(text)
    except UsageError:
        values.wrong(statement, "keepalived skips it: it is no address")
        return None
    bits = 8 * len(octets)
    length = read_number(length_text, 0, bits)[0] if slash else None
    vip = VirtualIp(statement, format_address(octets), bits if length is None else length)
    words = statement.words
    if "dev" in words[:-1]:
        vip.device = words[words.index("dev") + 1]
    return vip


def build_sync_group(block: Block, values: Values) -> VrrpSyncGroup:
    """Return a vrrp_sync_group."""
    group = VrrpSyncGroup(block=block, name=block.words[1])
    for child in block.blocks("group"):
        if group.members:
            values.wrong(child, "there is one already, and keepalived takes the first")
            break
        group.members = [word for line in child.children for word in line.words]
    group.scripts = values.first_scripts(block, GROUP_SCRIPTS)
    return group


def build_settings(blocks: Iterable[Block], values: Values) -> GlobalSettings:
    """Return what the global_defs say; of most words the last one wins, of FIFOs the first."""
    settings = GlobalSettings(blocks=list(blocks))
    for statement in (child for block in settings.blocks for child in block.children):
        keyword = statement.keyword
        if keyword in _FIFOS and keyword in settings.statements:
            continue
        settings.statements[keyword] = statement
        if keyword == "script_user" and values.word(statement) is not None:
            settings.script_user = statement.words[1]
            settings.script_group = statement.words[2] if len(statement.words) > 2 else None
        elif keyword == "enable_script_security":
            settings.enable_script_security = True
        elif keyword == "checker_log_all_failures":
            settings.checker_log_all_failures = bool(values.switch(statement))
        elif keyword in _FIFOS:
            setattr(settings, keyword, values.word(statement))
    return settings


def build_track_file(block: Block, values: Values) -> TrackFile | None:
    """Return a track_file, None without a name."""
    name = values.word(block)
    if name is None:
        return None
    track = TrackFile(block=block, name=name)
    for child in block.children:
        if child.keyword == "file" and track.file is None:
            track.file = values.word(child)
        elif child.keyword == "weight":
            weight = read_number(values.word(child) or "", -254, 254)[0]
            track.weight = track.weight if weight is None else weight
    return track
