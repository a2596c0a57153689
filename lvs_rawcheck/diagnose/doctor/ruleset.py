# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules of nftables would do with one packet, as far as can be told from outside.

Reading list: libnftables-json(5). A match is true, false, or not known here (None): a mark, a limit, an extension of
iptables, a map. Where that decides, so is the verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from types import MappingProxyType

Json = Mapping[str, object]
ACCEPTED, DROPPED, UNKNOWN = "accepted", "dropped", "unknown"
_RETURNED = "returned"
_DEPTH_MOST = 16  # NFT_JUMP_STACK_SIZE
_DROPS = ("drop", "reject")
_NO_EFFECT = ("counter", "log", "mangle", "comment", "notrack", "ct helper", "flow", "set", "map")
_CONDITIONS = ("limit", "quota", "xt", "ct count", "meter", "last", "socket")
_OTHER_PROTOCOLS = ("arp", "icmp", "icmpv6", "sctp", "dccp", "tcp", "udp")


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. Addresses as text; protocol: tcp or udp; state: conntrack's word for it, "" where it sees none."""

    source: str
    destination: str
    protocol: str
    source_port: int
    destination_port: int
    incoming: str
    outgoing: str
    state: str

    @property
    def family(self) -> str:
        """Return `ip` or `ip6`, as nftables has them."""
        return "ip6" if ":" in self.destination else "ip"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of it. place: the chain, and the rule's handle where it is one, that decides."""

    verdict: str
    place: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain. hook: "" for one that only others jump to."""

    family: str
    table: str
    name: str
    hook: str
    kind: str
    policy: str
    rules: list[Json]

    @property
    def label(self) -> str:
        """Return how `nft list chain` wants it named."""
        return f"{self.family} {self.table} {self.name}"


class Ruleset:
    """What `nft -j list ruleset` says; ValueError: it says something else.

    devices: of a chain of family netdev, by its label; without them such a chain counts for every interface.
    """

    def __init__(self, told: object, devices: Mapping[str, Collection[str]] = MappingProxyType({})) -> None:
        self._devices = devices
        self._chains: dict[tuple[str, str, str], Chain] = {}
        self._sets: dict[tuple[str, str, str], Json] = {}
        for item in _objects(told):
            for kind, value in item.items():
                if isinstance(value, dict):
                    self._take(kind, value)

    def _take(self, kind: str, value: Json) -> None:
        text = {name: str(value.get(name, "")) for name in ("family", "table", "name", "chain", "hook", "type")}
        if kind == "chain":
            policy = str(value.get("policy", "accept"))
            key = (text["family"], text["table"], text["name"])
            self._chains[key] = Chain(*key, text["hook"], text["type"], policy, [])
        elif kind == "rule":
            chain = self._chains.get((text["family"], text["table"], text["chain"]))
            if chain is not None:
                chain.rules.append(value)
        elif kind in ("set", "map"):
            self._sets[text["family"], text["table"], text["name"]] = value

    @property
    def size(self) -> int:
        """Return how many rules there are."""
        return sum(len(chain.rules) for chain in self._chains.values())

    def judge(self, packet: Packet, hooks: tuple[str, ...]) -> list[Judgement]:
        """Return what the chains of these hooks do with a packet, those that accept it left out."""
        found = []
        for chain in self._chains.values():
            if chain.hook in hooks and chain.kind in ("filter", "route") and self._concerns(chain, packet):
                policy = DROPPED if chain.policy == "drop" else ACCEPTED
                judgement = self._run(chain, packet, 0, Judgement(policy, f"{chain.label}, its policy"))
                if judgement.verdict == _RETURNED:  # by a rule of its own
                    judgement = Judgement(policy, judgement.place)
                if judgement.verdict != ACCEPTED:
                    found.append(judgement)
        return found

    def _concerns(self, chain: Chain, packet: Packet) -> bool:
        devices = self._devices.get(chain.label)
        if devices is not None and not {packet.incoming, packet.outgoing} & set(devices):
            return False
        return chain.family in ("inet", "netdev", packet.family)

    def _run(self, chain: Chain, packet: Packet, depth: int, otherwise: Judgement) -> Judgement:
        """Return the verdict of a chain. otherwise: what it is where no rule decides.

        Rules that may match leave it uncertain, unless all of them come to the same as what follows.
        """
        possible: list[Judgement] = []
        for rule in chain.rules:
            judgement, certain = self._rule(chain, rule, packet, depth)
            if judgement is None:
                continue
            possible.append(judgement)
            if certain:
                break
        else:
            possible.append(otherwise)
        if len({judgement.verdict for judgement in possible}) == 1:
            return possible[-1]
        return Judgement(UNKNOWN, possible[0].place)

    def _rule(self, chain: Chain, rule: Json, packet: Packet, depth: int) -> tuple[Judgement | None, bool]:
        """Return what a rule decides, None: nothing, or it does not match; and whether it matches for certain."""
        place = f"{chain.label}, handle {rule.get('handle')}"
        certain = True
        for statement in _statements(rule):
            name, value = next(iter(statement.items()), ("", None))
            if name == "match":
                matches = self._matches(chain, value, packet)
                if matches is False:
                    return None, True
                certain = certain and matches is True
            elif name in _CONDITIONS:
                certain = False
            elif name not in _NO_EFFECT:
                end = self._end(chain, name, value, packet, depth, place)
                passed = end.verdict == _RETURNED and name == "jump"
                return None if passed else end, certain and end.verdict != UNKNOWN
        return None, certain

    def _end(self, chain: Chain, name: str, value: object, packet: Packet, depth: int, place: str) -> Judgement:
        """Return what a statement other than a match leads to."""
        if name == "accept":
            return Judgement(ACCEPTED, place)
        if name in _DROPS:
            return Judgement(DROPPED, place)
        if name == "return":
            return Judgement(_RETURNED, place)
        if name in ("jump", "goto"):
            target = value.get("target") if isinstance(value, dict) else None
            there = self._chains.get((chain.family, chain.table, str(target)))
            if there is None or depth >= _DEPTH_MOST:
                return Judgement(UNKNOWN, place)
            return self._run(there, packet, depth + 1, Judgement(_RETURNED, place))
        return Judgement(UNKNOWN, place)

    def _matches(self, chain: Chain, match: object, packet: Packet) -> bool | None:
        if not isinstance(match, dict):
            return None
        actual = _actual(match.get("left"), packet)
        if actual is None:
            return None
        if actual == "":
            return False  # of another protocol or family
        same = self._is_in(chain, actual, match.get("right"))
        if same is None or match.get("op") not in ("==", "in", "!="):
            return None
        return same != (match.get("op") == "!=")

    def _is_in(self, chain: Chain, actual: str, right: object) -> bool | None:
        """Return whether a value is one, or one of those, that stand on the right."""
        if isinstance(right, str) and right.startswith("@"):
            named = self._sets.get((chain.family, chain.table, right[1:]))
            return None if named is None else self._is_in(chain, actual, named.get("elem", []))
        if isinstance(right, list):
            return _any([self._is_in(chain, actual, each) for each in right])
        if isinstance(right, dict):
            return self._is_in_object(chain, actual, right)
        return _same(actual, str(right))

    def _is_in_object(self, chain: Chain, actual: str, right: Json) -> bool | None:
        for name in ("set", "elem", "val"):
            if name in right:
                return self._is_in(chain, actual, right[name])
        try:
            if isinstance(prefix := right.get("prefix"), dict):
                return ip_address(actual) in ip_network(f"{prefix['addr']}/{prefix['len']}", strict=False)
            if isinstance(ends := right.get("range"), list):
                return _between(actual, str(ends[0]), str(ends[1]))
        except (ValueError, KeyError, IndexError, TypeError):
            return None
        return None


def _statements(rule: Json) -> list[Json]:
    """Return a rule's statements, none of what is no list."""
    listed = rule.get("expr")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _objects(told: object) -> list[Json]:
    listed = told.get("nftables") if isinstance(told, Mapping) else None
    if not isinstance(listed, list):
        raise ValueError("nft says something else than rules")
    return [each for each in listed if isinstance(each, dict)]


def _actual(left: object, packet: Packet) -> str | None:
    """Return what a packet has of what a rule looks at; "": it has none of that; None: not known here."""
    if not isinstance(left, dict):
        return None
    if isinstance(payload := left.get("payload"), dict):
        return _field(str(payload.get("protocol")), str(payload.get("field")), packet)
    if isinstance(meta := left.get("meta"), dict):
        known = {
            "oif": packet.outgoing,
            "oifname": packet.outgoing,
            "iif": packet.incoming,
            "iifname": packet.incoming,
            "l4proto": packet.protocol,
            "nfproto": "ipv6" if packet.family == "ip6" else "ipv4",
            "protocol": packet.family,
        }
        return known.get(str(meta.get("key")))
    if isinstance(ct := left.get("ct"), dict) and ct.get("key") == "state":
        return packet.state or None
    return None


def _field(protocol: str, field: str, packet: Packet) -> str | None:
    ports = {"sport": str(packet.source_port), "dport": str(packet.destination_port)}
    if protocol in ("tcp", "udp", "th") and field in ports:
        return ports[field] if protocol in ("th", packet.protocol) else ""
    if protocol in ("ip", "ip6"):
        if protocol != packet.family:
            return ""
        addresses = {"saddr": packet.source, "daddr": packet.destination}
        return addresses.get(field, packet.protocol if field in ("protocol", "nexthdr") else None)
    return "" if protocol in _OTHER_PROTOCOLS and protocol != packet.protocol else None


def _any(answers: list[bool | None]) -> bool | None:
    if True in answers:
        return True
    return None if None in answers else False


def _same(actual: str, wanted: str) -> bool:
    if "*" in wanted:
        return fnmatchcase(actual, wanted)
    try:
        return ip_address(actual) == ip_address(wanted)
    except ValueError:
        return actual == wanted


def _between(actual: str, first: str, last: str) -> bool:
    if actual.isdecimal():
        return int(first) <= int(actual) <= int(last)
    place = ip_address(actual)
    low, high = ip_address(first), ip_address(last)
    return low.version == place.version and int(low) <= int(place) <= int(high)
