# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon at one's desk: its registry in a folder, its loop turned until something is as it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lvs_rawcheck import clock
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.daemon.service import Daemon
from lvs_rawcheck.daemon.state import CheckState
from tests.checks.site import PORT, Family
from tests.netns.topology import Host

INTERVAL = 0.2
PATIENCE = 15.0  # seconds, on a machine however busy


class Desk:
    """A registry and its state folder, and the daemon over both while `running`."""

    def __init__(self, folder: Path) -> None:
        self.services = folder / "services.d"
        self.services.mkdir()
        self.state = folder / "run"
        self.state.mkdir(mode=0o755)
        self.role_file = folder / "role"
        self._daemon: Daemon | None = None

    def write(self, name: str, family: Family, *real_servers: str, **settings: object) -> None:
        """Write a service file for the VIP of a family; settings: further keys, as TOML has them."""
        endpoint = f"[{family.vip}]:{PORT}" if ":" in family.vip else f"{family.vip}:{PORT}"
        self.write_endpoint(name, endpoint, *real_servers, **settings)

    def write_endpoint(
        self, name: str, endpoint: str, *real_servers: str, check: object = 'kind = "tcp"', **settings: object
    ) -> None:
        """Write a service file for an endpoint; check: what stands in its table; settings as for `write`."""
        keys: dict[str, object] = {"protocol": '"tcp"', "interval": INTERVAL, "timeout": 0.6, **settings}
        head = "".join(f"{key} = {value}\n" for key, value in keys.items())
        servers = "".join(f'[[real_server]]\naddress = "{each}"\n' for each in real_servers)
        (self.services / f"{name}.toml").write_text(f'endpoint = ["{endpoint}"]\n{head}[[check]]\n{check}\n{servers}')

    @contextmanager
    def running(self, host: Host) -> Iterator[Daemon]:
        """Run the daemon on a host; nothing moves but in `until` and `turn_for`."""
        with host.entered():
            daemon = self._daemon = Daemon(str(self.services), str(self.state), import_site_packages)
            try:
                daemon.load()
                yield daemon
            finally:
                self._daemon = None
                daemon.close()

    @property
    def daemon(self) -> Daemon:
        """Return the one that runs."""
        assert self._daemon is not None
        return self._daemon

    def of(self, check_id: str) -> CheckState:
        """Return what is known of a check."""
        return self.daemon.engine.checks[check_id].state

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Turn the loop until it is so; AssertionError."""
        deadline = clock.now() + PATIENCE
        while not condition():
            known = {each.check_id: (each.state, each.reason, each.held) for each in self._states()}
            assert clock.now() < deadline, f"{what}: {known}"
            self.daemon.turn()

    def until_state(self, check_id: str, state: str) -> CheckState:
        """Turn the loop until a check is in a state, and return what is known of it."""
        self.until(lambda: self.of(check_id).state == state, f"{check_id} {state}")
        return self.of(check_id)

    def until_run_again(self, check_id: str, times: int = 2) -> CheckState:
        """Turn the loop until a check has run some times more: of those, the last began after now."""
        wanted = self.of(check_id).runs + times
        self.until(lambda: self.of(check_id).runs >= wanted, f"{check_id} runs again")
        return self.of(check_id)

    def _states(self) -> Iterator[CheckState]:
        return (check.state for check in self.daemon.engine.checks.values())
