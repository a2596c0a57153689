# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom keepalived runs a notify script as (lib/notify.c, notify_script_init and get_default_script_user)."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Callable

from lvs_rawcheck.config.keepalived.model import GlobalSettings, Script
from lvs_rawcheck.generate.refusal import Refused

ROOT = "root"
_DEFAULT_USER = "keepalived_script"
PrimaryGroup = Callable[[str], str | None]


def primary_group_here(user: str) -> str | None:
    """Return the name of a user's own group on this host, None if there is no such user, or no such group."""
    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except (KeyError, ValueError):
        return None


def runs_as(script: Script, settings: GlobalSettings, primary_group: PrimaryGroup) -> tuple[str, str]:
    """Return user and group; Refused where keepalived does not run it, or guards it as we would not."""
    user, group = script.user, script.group
    if user is None:
        user, group = settings.script_user, settings.script_group
    if user is None:
        user, group = _default_user(settings, primary_group), None
    if group is None:
        group = primary_group(user)
    if group is None or primary_group(user) is None:
        raise Refused(f"there is no user {user!r} here")
    if settings.enable_script_security and ROOT in (user, group):
        raise Refused("keepalived watches over who may write to it (enable_script_security), which it could no longer")
    return user, group


def _default_user(settings: GlobalSettings, primary_group: PrimaryGroup) -> str:
    if primary_group(_DEFAULT_USER) is not None:
        return _DEFAULT_USER
    if settings.enable_script_security:
        raise Refused(f"keepalived does not run it: there is no user {_DEFAULT_USER}, and none is named")
    return ROOT
