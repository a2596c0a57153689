# SPDX-License-Identifier: GPL-2.0-or-later
"""The IPVS table of this host: which real servers get traffic now, by the kernel's own word.

Reading list: ip_vs_info_seq_show() in net/netfilter/ipvs/ip_vs_ctl.c, which writes /proc/net/ip_vs: addresses and
ports in hexadecimal, so that no name is ever resolved. It is read rather than asked for over generic netlink because
anybody may read it, where netlink's IPVS_CMD_GET_* want CAP_NET_ADMIN, and because it shows a service together with
its destinations, where netlink needs one more dump for each.
Invariants: an address is 4 or 16 octets, a port 0 to 65535 (0 of a fwmark service: whatever the packet's is); what
cannot be read is a LinkError, never an empty table.
"""

from __future__ import annotations

from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Address = tuple[bytes, int]
"""Octets, and a port."""

TABLE = "/proc/net/ip_vs"
_TITLE = b"IP Virtual Server version "
_HEADING_LINES = 3  # the title, and one heading each of services and of destinations
_ARROW = b"->"
_FWMARK = b"FWM"
_READINGS_MOST = 5


class Destination(Value):
    """A real server of one service. method: `Route` (DR), `Masq`, `Tunnel`, `Local`, `Bypass`; weight 0: quiesced."""

    __slots__ = ("address", "method", "port", "weight")

    def __init__(self, address: bytes, port: int, method: str, weight: int) -> None:
        self.address = address
        self.port = port
        self.method = method
        self.weight = weight


class IpvsTable:
    """What was in the table when it was read.

    services: by protocol (`tcp`, `udp`, `sctp`), address and port: the destinations by their address and port.
    fwmarks: the same by mark; a mark used for both families has the destinations of both.
    """

    __slots__ = ("fwmarks", "services")

    def __init__(self) -> None:
        self.services: dict[tuple[str, bytes, int], dict[Address, Destination]] = {}
        self.fwmarks: dict[int, dict[Address, Destination]] = {}

    def destination(self, protocol: str, vip: bytes, port: int, real: Address) -> Destination | None:
        """Return a real server of the service of one address and port, None where it is not in the table."""
        return self.services.get((protocol, vip, port), {}).get(real)

    def shape(self) -> tuple[set[tuple[str, bytes, int]], set[int]]:
        """Return which services there are."""
        return set(self.services), set(self.fwmarks)


def read_table(path: str = TABLE) -> IpvsTable:
    """Return this network namespace's table; LinkError: there is none, or it cannot be read.

    The kernel tells it a page at a time and finds its place again by counting services, so one that is added or deleted
    meanwhile makes it skip another. Hence it is read until two readings in a row name the same services.
    """
    return settled(lambda: parse_table(_octets(path), path))


def settled(read: Callable[[], IpvsTable]) -> IpvsTable:
    """Return a reading that names the services which the one before it named."""
    before = read()
    for _ in range(_READINGS_MOST - 1):
        table = read()
        if table.shape() == before.shape():
            return table
        before = table
    raise LinkError(f"the IPVS table's services changed during each of {_READINGS_MOST} readings: ask again")


def _octets(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        sentence = f"this kernel has no IPVS table ({path}): the module ip_vs is not loaded, or not for this namespace"
        raise LinkError(sentence) from error
    except OSError as error:
        raise LinkError(f"the IPVS table cannot be read ({path}): {error.strerror}") from error


def parse_table(octets: bytes, path: str = TABLE) -> IpvsTable:
    """Return what /proc/net/ip_vs says; LinkError: it says something else."""
    lines = octets.split(b"\n")
    if not lines[0].startswith(_TITLE) or len(lines) <= _HEADING_LINES:
        raise LinkError(f"{path} does not begin as an IPVS table does: {lines[0][:40]!r}")
    table = IpvsTable()
    destinations: dict[Address, Destination] | None = None
    for number, line in enumerate(lines[_HEADING_LINES:], _HEADING_LINES + 1):
        words = line.split()
        if not words:
            continue
        try:
            if words[0] != _ARROW:
                destinations = _service(table, words)
                continue
            found = _destination(words)
        except (ValueError, IndexError, UsageError) as error:
            raise LinkError(f"{path}:{number}: not a line of an IPVS table: {line[:80]!r}") from error
        if destinations is None:
            raise LinkError(f"{path}:{number}: a real server before any virtual one: {line[:80]!r}")
        destinations[found.address, found.port] = found
    return table


def _service(table: IpvsTable, words: list[bytes]) -> dict[Address, Destination]:
    """Return where the destinations go of the service that a line names."""
    if words[0] == _FWMARK:
        return table.fwmarks.setdefault(int(words[1], 16), {})
    address, port = _endpoint(words[1])
    return table.services.setdefault((words[0].decode("ascii").lower(), address, port), {})


def _destination(words: list[bytes]) -> Destination:
    address, port = _endpoint(words[1])
    return Destination(address, port, words[2].decode("ascii"), int(words[3]))


def _endpoint(word: bytes) -> Address:
    """Return address and port of `0A000064:0050`, or of `[2001:0db8:0000:0000:0000:0000:0000:0001]:0050`."""
    address, _, port = word.rpartition(b":")
    if len(port) != 4:
        raise ValueError(word)
    if address.startswith(b"["):
        return parse_address(address[1:-1].decode("ascii")), int(port, 16)
    octets = bytes.fromhex(address.decode("ascii"))
    if len(octets) != 4:
        raise ValueError(word)
    return octets, int(port, 16)
