#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for ipvsadm: the table is the file `table` in the current folder, what it was told are the lines of `told`.

Reading list: ipvsadm(8), and the two listings as ldirectord reads them (ld_read_ipvsadm, ld_read_ipvsadm_thresholds).
ldirectord calls it some hundred times a test, so it imports next to nothing.
"""

from __future__ import annotations

import fcntl
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PROTOCOLS = {"-t": "TCP", "-u": "UDP", "-f": "FWM"}
_METHODS = {"-g": "Route", "-i": "Tunnel", "-m": "Masq"}
_WITHOUT_VALUE = ("-6", "-o", "-n", "--thresholds", *_METHODS)
_HEADER = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
"""


class Real:
    """A real server's line. upper, lower: its thresholds."""

    def __init__(self, forward: str, weight: str, upper: str, lower: str) -> None:
        self.forward = forward
        self.weight = weight
        self.upper = upper
        self.lower = lower


Virtual = dict[str, Real]  # by address:port
Table = dict[str, Virtual]  # by protocol, address or mark, family


class NotInTable(Exception):
    """What the kernel refuses: something of this name is missing, or there already."""


def main(words: list[str]) -> int:
    """Do what the words say; exit status 255 where the real one refuses."""
    with open("table.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # with fork=yes several processes edit the table
        table = read_table("table")
        if words[0] == "-L":
            print(_HEADER + _listed(table, _thresholds if "--thresholds" in words else _weights), end="")
            return 0
        with open("told", "a") as told:
            print(*words, file=told)
        try:
            _edit(table, words[0], _options(words[1:]))
        except NotInTable as missing:
            print(missing, file=sys.stderr)
            return 255
        _write(table)
    return 0


def read_table(path: str | Path) -> Table:
    """Return the table of a file; none is an empty one."""
    table: Table = {}
    try:
        with open(path) as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return table
    virtual: Virtual = {}
    for line in lines:
        if line.startswith("\t"):
            name, *values = line.split()
            virtual[name] = Real(*values)
        else:
            virtual = {}
            table[line] = virtual
    return table


def _write(table: Table) -> None:
    with open("table.new", "w") as file:
        for name, virtual in table.items():
            print(name, file=file)
            for address, real in virtual.items():
                print(f"\t{address}", real.forward, real.weight, real.upper, real.lower, file=file)
    os.replace("table.new", "table")  # the test reads it at any time


def _options(words: list[str]) -> dict[str, str]:
    """Return options with their values; "" for those that have none."""
    options: dict[str, str] = {}
    waiting = iter(words)
    for word in waiting:
        options[word] = "" if word in _WITHOUT_VALUE else next(waiting)
    return options


def _edit(table: Table, verb: str, options: dict[str, str]) -> None:
    name = _virtual_name(options)
    _demand((name in table) != (verb == "-A"), f"{verb} {name}")
    if verb == "-A":
        table[name] = {}
    elif verb == "-D":
        del table[name]
    elif verb != "-E":
        _edit_real(table[name], verb, options)


def _edit_real(virtual: Virtual, verb: str, options: dict[str, str]) -> None:
    name = options["-r"]
    method = next((word for word in options if word in _METHODS), None)
    if method in ("-g", "-i") and "-f" not in options:
        # Direct routing and tunnels know one port, the virtual's (ipvsadm(8), --real-server).
        service = options.get("-t") or options["-u"]
        name = f"{name.rpartition(':')[0]}:{service.rpartition(':')[2]}"
    _demand((name in virtual) != (verb == "-a"), f"{verb} {name}")
    if verb == "-d":
        del virtual[name]
        return
    forward = _METHODS[method or "-g"]
    virtual[name] = Real(forward, options["-w"], options.get("-x", "0"), options.get("-y", "0"))


def _demand(sound: bool, what: str) -> None:
    if not sound:
        raise NotInTable(what)


def _virtual_name(options: dict[str, str]) -> str:
    option = next(word for word in options if word in _PROTOCOLS)
    family = " IPv6" if "-6" in options else ""
    return f"{_PROTOCOLS[option]} {options[option]}{family}"


def _listed(table: Table, columns: Callable[[Real], str]) -> str:
    lines = []
    for name, virtual in table.items():
        lines.append(f"{name} wrr\n")
        lines += [f"  -> {real:30} {columns(values)} 0 0\n" for real, values in virtual.items()]
    return "".join(lines)


def _weights(real: Real) -> str:
    return f"{real.forward} {real.weight}"


def _thresholds(real: Real) -> str:
    return f"{real.upper} {real.lower}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
