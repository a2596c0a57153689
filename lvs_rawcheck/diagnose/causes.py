# SPDX-License-Identifier: GPL-2.0-or-later
"""Each cause in words, in path order: what is wrong, how bad that is, what mends it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lvs_rawcheck.diagnose import remedies, signatures
from lvs_rawcheck.diagnose.finding import ERROR, WARNING
from lvs_rawcheck.diagnose.fix import THIS_HOST, Fix
from lvs_rawcheck.diagnose.remedies import by_hand
from lvs_rawcheck.diagnose.scene import Scene


@dataclass(frozen=True)
class Cause:
    """A cause, in a sentence and steps with the names of `Scene.words` in braces."""

    sentence: str
    fixes: tuple[Fix, ...]
    """In the order in which they must be done; empty where nothing is wrong."""
    fixes_ipv6: tuple[Fix, ...] = ()
    """The same for IPv6, where that is another thing."""
    severity: str = ERROR
    beside: str = ""
    """The sentence where another fault was named first, if then it is known by other signs."""


CAUSES = {
    signatures.CANNOT_JUDGE: Cause(
        "The fault is on this director, and says nothing of the server: {detail}.",
        (by_hand("put that right, then ask again (as root, or with CAP_NET_RAW)", THIS_HOST),),
    ),
    signatures.NOT_ON_LINK: Cause(
        "{detail}. Director and server must share an Ethernet segment.",
        (
            by_hand(
                "see which way is taken ({ip} route get {real}), and give this host an address in the subnet of {real}",
                THIS_HOST,
            ),
        ),
    ),
    signatures.PORT_TRANSLATION: Cause(
        "The configuration gives {real} port {real_port}, but direct routing changes no port: clients of {endpoint}"
        " arrive at port {port}.",
        (
            by_hand(
                "write port {port} for {real} in the configuration, or nothing where the dialect allows", THIS_HOST
            ),
            by_hand("let the service listen on {endpoint}; what listens is shown by: {ss}"),
        ),
        severity=WARNING,
    ),
    signatures.HOST_DOWN: Cause(
        "Nobody answers for {real}, by any means: the host is down, unplugged, in another VLAN, or has another"
        " address.",
        (by_hand("bring it up, or correct its address in the director's configuration"),),
    ),
    signatures.NEIGHBOUR_ENTRY_WRONG: Cause(
        "This director sends to {mac}, but {real} answers {arp} from another MAC: IPVS, too, sends to the wrong one.",
        (remedies.FORGET_NEIGHBOUR, remedies.NO_PERMANENT_NEIGHBOUR),
    ),
    signatures.VIP_MISSING_LOCAL: Cause(
        "This host is the real server itself, and does not have {vip}.",
        remedies.ADD_VIP_HERE,
        remedies.ADD_VIP_HERE_IPV6,
    ),
    signatures.WRONG_MACHINE: Cause(
        "Another machine answered for the VIP: {real} most likely lacks {vip} and passes the frames on.",
        (
            *remedies.ADD_VIP,
            remedies.STOP_FORWARDING,
            by_hand("if {real} has {vip} and answers by another network card: check with --reply-mac known", THIS_HOST),
        ),
        (
            *remedies.ADD_VIP_IPV6,
            remedies.STOP_FORWARDING,
            by_hand("if {real} has {vip} and answers by another network card: check with --reply-mac known", THIS_HOST),
        ),
    ),
    signatures.VIP_MISSING_FORWARDING: Cause(
        "{real} does not have {vip}, and forwards what it gets for it.",
        (*remedies.ADD_VIP, remedies.STOP_FORWARDING),
        (*remedies.ADD_VIP_IPV6, remedies.STOP_FORWARDING),
    ),
    signatures.VIP_MISSING_OR_FILTERED: Cause(
        "{real} is up, but what is sent to {vip} at its MAC vanishes: the VIP is not there, or everything to it"
        " is filtered.",
        (*remedies.ADD_VIP, remedies.FIND_THE_RULE_FOR_ALL),
        (*remedies.ADD_VIP_IPV6, remedies.FIND_THE_RULE_FOR_ALL),
        beside="The machine that answers for {real} now does not answer for {vip} either: it is not there, or"
        " everything to it is filtered.",
    ),
    signatures.DIRECTOR_CIRCLE: Cause(
        "{real} has {vip}, but passes {what} on instead of serving it: it is a director of {vip} itself, and balances"
        " what this director has balanced already, round in a circle or to another server. (A rule that rewrites"
        " addresses there looks the same.)",
        (
            by_hand(
                "let it balance only what does not come from another director: mark the rest in mangle PREROUTING"
                " (iptables -m mac ! --mac-source, this director's MAC) and make the virtual server one of that"
                " fwmark, on both directors"
            ),
            by_hand("or let it have no IPVS table while it is BACKUP (ipvsadm -ln shows what it has)"),
        ),
    ),
    signatures.REJECTED: Cause(
        "{vip} is there, but a firewall rejects {what}: {detail}.",
        (remedies.FIND_THE_RULE,),
    ),
    signatures.FILTERED_PORT: Cause(
        "{vip} is there and answers echo, but what is sent to {what} vanishes: a firewall drops it, or {silent}.",
        (remedies.FIND_THE_RULE, by_hand("if no rule drops it, perhaps {silent}: {ss}")),
        beside="{what} of {real} itself is silent, too: a firewall drops it whatever the address, there or on this"
        " director (lvs-rawcheck doctor reads its rules), or {silent}.",
    ),
    signatures.PATH_MTU: Cause(
        "{vip} answers a short echo, and none that fills a frame: what is long is lost on the way to {real} or back."
        " Clients connect, and hang when there is much to say.",
        (
            by_hand(
                "give all interfaces and switch ports between this director and {real} the same MTU"
                " (ip link show dev {interface} here, ip link there)",
                THIS_HOST,
            ),
            by_hand("or, if only long echoes are dropped: look for such a rule (nft list ruleset)"),
        ),
    ),
    signatures.BOUND_TO_REAL_ADDRESS: Cause(
        "{vip} is there, and the service listens on {real} port {port}, but not on {endpoint}.",
        (remedies.LISTEN_ON_VIP,),
    ),
    signatures.SERVICE_DOWN: Cause(
        "{vip} is there, but nothing listens on port {port}.",
        (remedies.START_SERVICE,),
        beside="Nothing listens on {real} port {port} either, its own address: the service is down as well, unless it"
        " has {vip} alone.",
    ),
    signatures.ANSWERS_FROM_REAL_ADDRESS: Cause(
        "{vip} is there and the service gets what is sent to it, but answers in another name, and clients drop that:"
        " {detail}.",
        (
            by_hand(
                "bind the service to {vip} itself, besides its other addresses, not to 0.0.0.0 or :: (BIND: listen-on;"
                " Unbound: interface or interface-automatic; FreeRADIUS: ipaddr); where it listens is shown by: {ss}"
            ),
        ),
    ),
    signatures.ANSWERS_SOMETHING_ELSE: Cause(
        "{vip} is there and something answers on {what}, but not what was asked: it speaks another protocol, or its"
        " shared secret is another one.",
        (
            by_hand(
                "compare the service's configuration with the options of this check; what listens is shown by: {ss}"
            ),
        ),
    ),
    signatures.SERVICE_DIFFERS_BY_ADDRESS: Cause(
        "The data path works, but the service passes at {real}, its own address, and not at {endpoint}: {detail}. It"
        " treats the two differently: by virtual host, access list or certificate, or another program has one of them.",
        (
            by_hand("give {endpoint} what {real} has in the service's configuration; what listens is shown by: {ss}"),
            by_hand("or, if it came right in between: ask again", THIS_HOST),
        ),
    ),
    signatures.SERVICE_UNHEALTHY: Cause(
        "The data path to {vip} at {real} works; it is the service that does not pass: {detail}.",
        (remedies.ASK_SERVICE,),
        beside="The check of {endpoint} did not pass either: {detail}.",
    ),
    signatures.CERTIFICATE_DIFFERS: Cause(
        "The servers of {endpoint} show different certificates: {detail}. What a client sees depends on the server that"
        " it gets.",
        (by_hand("install the same certificate as on the others, and reload the service"),),
        severity=WARNING,
    ),
    signatures.UNCLEAR: Cause(
        "These answers fit no known cause: {detail}.",
        (by_hand("run tcpdump -eni any host {vip}, while this command runs once more"),),
    ),
    signatures.VIP_DUPLICATE: Cause(
        "{vip} has another owner on this segment: {strangers} answers {arp} for it. Some clients are drawn there,"
        " past this director.",
        (
            by_hand(
                "find that machine by its MAC (ip neigh; the switch's table). Another director: two are MASTER, so mend"
                " VRRP between them. A real server: explain it, it leaks. A stranger: it has the address by mistake",
                THIS_HOST,
            ),
        ),
    ),
    signatures.ARP_LEAK: Cause(
        "{real} answers {arp} for {vip}: it can draw clients to itself, past the director.",
        (*remedies.BE_QUIET, remedies.ONLY_ON_LO, remedies.FORGET_IT),
        (*remedies.LEAVE_THE_LINK_IPV6, remedies.FORGET_IT),
        severity=WARNING,
    ),
    signatures.ARP_ANNOUNCE: Cause(
        "{real} asks by {arp} in the name of {vip}: whoever hears that takes it for the VIP's owner, and sends to it"
        " past the director.",
        (*remedies.BE_QUIET, remedies.FORGET_IT),
        (*remedies.LEAVE_THE_LINK_IPV6, remedies.FORGET_IT),
        severity=WARNING,
    ),
    signatures.HEALTHY: Cause("The data path works.", (), severity=""),
}


def rank(cause: str) -> int:
    """Return the place of a cause in path order, from 0: of two faults the lower one is met first."""
    return signatures.PATH_ORDER.index(cause)


def severity_of(cause: str) -> str:
    """Return ERROR or WARNING of diagnose/finding.py, "" of HEALTHY."""
    return CAUSES[cause].severity


def sentence_of(cause: str, scene: Scene) -> str:
    """Return what is wrong."""
    return CAUSES[cause].sentence.format_map(scene.words())


def sentence_beside(cause: str, scene: Scene) -> str:
    """Return what is wrong as well, another fault having been named."""
    return (CAUSES[cause].beside or CAUSES[cause].sentence).format_map(scene.words())


def fixes_of(cause: str, scene: Scene) -> list[Fix]:
    """Return what mends it, in the order in which it must be done."""
    told = CAUSES[cause]
    words = scene.words()
    steps = told.fixes_ipv6 if scene.is_ipv6 and told.fixes_ipv6 else told.fixes
    return [
        replace(
            step,
            host=step.host.format_map(words),
            command=step.command.format_map(words),
            instruction=step.instruction.format_map(words),
        )
        for step in steps
    ]
