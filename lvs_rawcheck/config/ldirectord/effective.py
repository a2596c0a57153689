# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in force: the last value of each directive, defaults, and what stands in for what (ld_setup, 2292)."""

from __future__ import annotations

import os

from lvs_rawcheck.config.ldirectord.directives import (
    CHECKINTERVAL_DEFAULT,
    CHECKTIMEOUT_DEFAULT,
    NEGOTIATETIMEOUT_DEFAULT,
    SERVICE_OF_PORT,
)
from lvs_rawcheck.config.ldirectord.model import COMBINED, FWM, NONE, Globals, Settings, Virtual
from lvs_rawcheck.config.ldirectord.numbers import to_number
from lvs_rawcheck.config.ldirectord.reals import with_slash
from lvs_rawcheck.config.tree import to_octets, to_text


def last(settings: Settings, name: str) -> str | None:
    """Return the value that counts, None if there is none."""
    found = settings.directives.get(name)
    return found[-1].value if found else None


def _number(settings: Settings, name: str) -> int | None:
    digits = last(settings, name)
    return None if digits is None else to_number(digits)


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _or(number: int | None, default: int) -> int:
    return default if number is None else number


def _yes(settings: Settings, name: str, default: bool) -> bool:
    word = last(settings, name)
    return default if word is None else word == "yes"


def fill_globals(settings: Globals) -> None:
    """Set what applies to all virtual servers."""
    settings.fork = _yes(settings, "fork", False)
    settings.autoreload = _yes(settings, "autoreload", False)
    settings.quiescent = _yes(settings, "quiescent", False)
    settings.readdquiescent = _yes(settings, "readdquiescent", False)
    settings.supervised = _yes(settings, "supervised", False)
    settings.cleanstop = _yes(settings, "cleanstop", True)
    settings.checkinterval = _or(_number(settings, "checkinterval"), CHECKINTERVAL_DEFAULT)
    settings.executes = list(dict.fromkeys(each.value for each in settings.directives.get("execute", ())))
    settings.maintenance_folder = last(settings, "maintenancedir")


def fill_virtual(virtual: Virtual, port_text: str, settings: Globals) -> None:
    """Set what applies to one virtual server. port_text: its port as ldirectord keeps it, `080` is not `80`."""
    _fill_check(virtual, port_text)
    _fill_times(virtual, settings)
    virtual.login = last(virtual, "login") or _default_login(virtual)
    virtual.passwd = last(virtual, "passwd") or _default_password(virtual)
    virtual.database = last(virtual, "database") or ""
    virtual.secret = last(virtual, "secret") or ""
    virtual.scheduler = last(virtual, "scheduler") or virtual.scheduler
    virtual.persistent = _number(virtual, "persistent")
    virtual.quiescent = _yes(virtual, "quiescent", settings.quiescent)


def _fill_check(virtual: Virtual, port_text: str) -> None:
    checktype = last(virtual, "checktype")
    if checktype is not None and checktype.isdigit():
        virtual.checktype = COMBINED
        virtual.connects = to_number(checktype)
    elif checktype is not None:
        virtual.checktype = checktype
        # An earlier number stays, though nothing asks for it any more.
    service = NONE if virtual.protocol == FWM else SERVICE_OF_PORT.get(port_text, NONE)
    virtual.service = last(virtual, "service") or service
    virtual.checkcommand = last(virtual, "checkcommand") or virtual.checkcommand
    virtual.checkport = _number(virtual, "checkport")
    request = last(virtual, "request")
    virtual.request = virtual.request if request is None else to_text(with_slash(to_octets(request)))
    virtual.receive = last(virtual, "receive") or ""
    virtual.virtualhost = last(virtual, "virtualhost")
    virtual.httpmethod = last(virtual, "httpmethod") or virtual.httpmethod


def _fill_times(virtual: Virtual, settings: Globals) -> None:
    check, negotiate = _number(virtual, "checktimeout"), _number(virtual, "negotiatetimeout")
    all_check, all_negotiate = _number(settings, "checktimeout"), _number(settings, "negotiatetimeout")
    virtual.checktimeout = _or(_first(check, negotiate, all_check, all_negotiate), CHECKTIMEOUT_DEFAULT)
    virtual.negotiatetimeout = _or(_first(negotiate, check, all_negotiate, all_check), NEGOTIATETIMEOUT_DEFAULT)
    own_interval = _number(virtual, "checkinterval") if settings.fork else None
    virtual.checkinterval = own_interval or settings.checkinterval
    virtual.checkcount = _or(_first(_number(virtual, "checkcount"), _number(settings, "checkcount")), 1)
    virtual.failurecount = _or(_first(_number(virtual, "failurecount"), _number(settings, "failurecount")), 1)


def _default_login(virtual: Virtual) -> str:
    """Return what a line `service=ftp` or `service=sip` puts where there is no login (1580)."""
    for directive in virtual.directives.get("service", ()):
        if directive.value == "ftp":
            return "anonymous"
        if directive.value == "sip":
            return f"ldirectord@{os.uname().nodename}"
    return ""


def _default_password(virtual: Virtual) -> str:
    services = virtual.directives.get("service", ())
    return f"ldirectord@{os.uname().nodename}" if any(each.value == "ftp" for each in services) else ""
