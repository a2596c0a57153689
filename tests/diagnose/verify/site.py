# SPDX-License-Identifier: GPL-2.0-or-later
"""A site as files and texts: a configuration, a registry, a state folder; a dump and a table that agree with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.diagnose.verify.registered import Registered
from lvs_rawcheck.diagnose.verify.verification import Sight, Verification, verify
from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.director.keepalived_dump import parse_dump
from lvs_rawcheck.wire.address import parse_address

VIP, REAL, OTHER = "10.0.0.100", "10.0.0.42", "10.0.0.43"
SERVICE = "tcp-10.0.0.100-80"
ID, OTHER_ID = f"{SERVICE}/{REAL}", f"{SERVICE}/{OTHER}"
TOLD_AT = 1_800_000_000.0
DELAY_LOOP = 6


def no_libraries() -> None:
    """The kinds of these tests need none."""


class Site:
    """Everything that verify reads, to be changed by a test before it looks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_path = folder / "keepalived.conf"
        self.services = folder / "services.d"
        self.state = folder / "state"
        self.services.mkdir()
        for name in ("role", f"last/{SERVICE}"):
            (self.state / name).mkdir(parents=True)
        self.state.chmod(0o755)
        self.verdict = folder / "verdict"
        self.verdict.write_text("#!/bin/sh\n")
        self.verdict.chmod(0o755)
        self.config = self._config()
        self.service = self._service()
        self.role_file.write_text("1\n")
        self.roles: dict[bytes, str | None] = {parse_address(VIP): "master"}
        self.write_last(REAL)
        self.write_last(OTHER)
        self.dumps = [self._dump()]
        self.table = self._table()
        self.waited: list[float] = []

    @property
    def role_file(self) -> Path:
        """Where the service's role file is."""
        return self.state / "role" / "VI_1"

    def stanza(self, check_id: str) -> str:
        """Return a stanza of ours."""
        return (
            f'        MISC_CHECK {{\n            misc_path "{self.verdict} {check_id}"\n'
            "            misc_timeout 4\n            user root\n        }\n"
        )

    def _config(self) -> str:
        servers = "".join(
            f"    real_server {address} 80 {{\n{self.stanza(f'{SERVICE}/{address}')}    }}\n"
            for address in (REAL, OTHER)
        )
        return (
            f"virtual_server {VIP} 80 {{\n    delay_loop {DELAY_LOOP}\n    lb_kind DR\n    protocol TCP\n{servers}}}\n"
        )

    def _service(self) -> str:
        servers = "".join(f'[[real_server]]\naddress = "{address}"\n' for address in (REAL, OTHER))
        return (
            f'endpoint = ["{VIP}:80"]\nprotocol = "tcp"\nrole_file = "{self.role_file}"\ntimeout = 2.0\n'
            f'[[check]]\nkind = "tcp"\n{servers}'
        )

    def write_last(self, address: str, status: int = 0, path: str = "raw", role: str = "1", reason: str = "ok") -> None:
        """Write the last verdict of a server's check."""
        line = f"100 0 {status} {path} {role} {self.role_file} {reason}\n"
        (self.state / "last" / SERVICE / address).write_text(line)

    def _dump(self) -> str:
        servers = "".join(
            f"   ------< Real server >------\n   RIP = {address}, RPORT = 80, WEIGHT = 1 EFF WEIGHT = 1\n"
            "   forwarding method = DR\n   Inhibit on failure is OFF\n   alive = 1\n   RS set = 1\n"
            for address in (REAL, OTHER)
        )
        return (
            "------< Global definitions >------\n------< LVS Topology >------\n ------< Virtual server >------\n"
            f" VS VIP = {VIP}, VPORT = 80\n   protocol = TCP\n{servers}------< Health checkers >------\n"
            + self.live(REAL, TOLD_AT - 2)
            + self.live(OTHER, TOLD_AT - 4)
        )

    def live(self, address: str, last_ran: float, key: str = f"[{VIP}]:tcp:80") -> str:
        """Return a live checker as a dump tells it."""
        return (
            f" {key} -> [{address}]:tcp:80\n   Enabled = yes\n   Up = yes\n   Has run = yes\n"
            f"   Delay loop = {DELAY_LOOP}000000 us\n   Retries = 0\n   Keepalive method = MISC_CHECK\n"
            f"   script = '{self.verdict}' '{SERVICE}/{address}'\n   timeout = 4\n   dynamic = NO\n"
            f"   uid:gid = 0:0\n   Last ran = {last_ran:.6f} (some day)\n   Last status = 0\n"
        )

    def _table(self) -> str:
        rows = "".join(f"  -> {parse_address(address).hex().upper()}:0050 Route 1 0 0\n" for address in (REAL, OTHER))
        return f"IP Virtual Server version 1.2.1 (size=4096)\nProt\n  ->\nTCP  0A000064:0050 rr\n{rows}"

    def change_dump(self, old: str, new: str, count: int = -1) -> None:
        """Let every look show something else."""
        for number, text in enumerate(self.dumps):
            assert old in text
            self.dumps[number] = text.replace(old, new, count)

    def verify(self, between: Callable[[], None] = no_libraries) -> Verification:
        """Return what verify says. between: done between the first and the second look."""
        self.config_path.write_text(self.config)
        (self.services / f"{SERVICE}.toml").write_text(self.service)
        dumps = iter([*self.dumps, self.dumps[-1]])

        def look(vips: set[bytes]) -> Sight:
            assert set(self.roles) >= vips
            dump = parse_dump(next(dumps).splitlines(keepends=True))
            return Sight(dump, TOLD_AT, parse_table(self.table.encode()), self.roles)

        def wait(seconds: float) -> None:
            self.waited.append(seconds)
            between()

        registered = Registered(str(self.services), str(self.state), no_libraries)
        return verify(read_keepalived(str(self.config_path), "node"), registered, look, wait)

    def found(self, between: Callable[[], None] = no_libraries) -> dict[str, set[str]]:
        """Return the places of what verify finds, by kind."""
        found: dict[str, set[str]] = {}
        for finding in self.verify(between).findings:
            found.setdefault(finding.kind, set()).add(finding.where)
        return found
