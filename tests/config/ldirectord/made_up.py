# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up configurations: lines of all kinds, most of them sound, some of them changed."""

from __future__ import annotations

import random

GLOBALS = """checktimeout=3
checktimeout = 10
negotiatetimeout=7
negotiatetimeout=0
checkinterval=2
checkinterval=5s
checkcount=2
failurecount=3
failurecount=00
fallback=127.0.0.1:80
fallback=127.0.0.1
fallback=127.0.0.1:80 gate
fallback=127.0.0.1:domain masq
fallback=127.0.0.1:80 gate junk
fallback6=[::1]:80
fallback6=127.0.0.1:80
fallbackcommand=/bin/x
fallbackcommand="/bin/x"
autoreload=yes
autoreload=yes # really
autoreload=no
callback="/bin/copy"
callback=""
callback=/bin/copy
logfile="local0"
logfile=local0
execute=other.cf
execute=other.cf # second
execute=
fork=yes
fork=no
fork = yes
supervised
supervised=no
supervised=maybe
supervisedx
quiescent=yes
quiescent=no
quiescent=no\t
readdquiescent=yes
emailalert="root@example.com"
emailalert=
emailalert=""
emailalertfreq=3600
emailalertfreq=x
emailalertstatus=all
emailalertstatus=none,all
emailalertstatus=starting , running,
emailalertfrom=root@example.com
cleanstop=no
smtp=192.0.2.25
smtp=!
maintenancedir=/nowhere
maintenancedir="/nowhere"
timeout=5
connecttimeout=5
checktype=connect
unknown=1
    checktimeout=3
# a comment

 x""".splitlines()
OPENINGS = """virtual=192.0.2.1:80
virtual=192.0.2.1:80
virtual=192.0.2.2:443
virtual = 192.0.2.3:www
virtual=192.0.2.4:domain
virtual=192.0.2.5:53
virtual=192.0.2.6:080
virtual=192.0.2.7:0
virtual=192.0.2.8:8443
virtual=192.0.2.9
virtual=010.0.0.1:80
virtual=192.168.6:80
virtual=0x7f000001:80
virtual=7
virtual=007
virtual=0
virtual=7 junk
virtual=7#x
virtual=192.0.2.10:80 junk
virtual=192.0.2.11:80,443
virtual=192.0.2.12:80-90
virtual=192.0.2.13:99999
virtual=192.0.2.14:tftp
virtual=300.0.2.14:80
virtual=[2001:db8::1]:80
virtual=
virtual=-:80
virtual6=[2001:db8::1]:80
virtual6=[2001:DB8:0::2]:domain
virtual6=[2001:db8::zz]:80
virtual6=[2001:db8::1]
virtual6=2001:db8::1
virtual6=2001::1
virtual6=[::ffff:c000:201]:80
virtual6=192.0.2.1:80
virtual6=9
virtual 6=7
 virtual=7""".splitlines()
INSIDE = """real=192.0.2.11:80 gate
real=192.0.2.11:80 gate
real=192.0.2.12:80 gate 5
real=192.0.2.13 masq 0
real=192.0.2.14:www ipip 1 "/x", "ok"
real=192.0.2.14:80 gate "x" "ok"
real=192.0.2.14:80 gate "x","ok" 9
real=192.0.2.14:80 gate "GET /x 7", "ok"
real=192.0.2.14:80 gate 1 "x", "y" l:1 u:2
real=192.0.2.14:80 gate 1 "/x", "y" l:1 junk
real=192.0.2.14:80 gate 1 "x"
real=192.0.2.14:80 gate 1 "x" l:1
real=192.0.2.14:80 gate 1 "a", "b", "c" l:1 u:5
real=192.0.2.14:80 gate 1 u:20 l:10
real=192.0.2.14:80 gate l:10 u:20
real=192.0.2.14:80 gate -1
real=192.0.2.14:80 gate 1.5
real=192.0.2.14:80 - gate
real=192.0.2.14:80 route
real=192.0.2.14:80
real=192.0.2.14->192.0.2.16:80 gate
real=192.0.2.16->192.0.2.14:80 gate
real=192.0.2.14 -> 192.0.2.16:80 gate
real=5.245.224.250->5.245.225.2:80 gate
real=0.0.0.95->0.0.0.101 gate
real=0.0.0.7->0.0.0.9 gate
real=[192.0.2.14]:80 gate
real=[2001:db8::14]:80 gate
real="192.0.2.14:80 gate"
real=@192.0.2.14:80 gate
real=010.0.0.14:80 gate
real=192.0.2.300:80 gate
real=192.0.2.14:nosuchservice gate
real=192.0.2.14:70000 gate
real6=[2001:db8::14]:80 gate
real6=[2001:db8::14]:80 gate 3 "x", "y"
real6=2001:db8::14 gate
real6=[2001:db8::14]->[2001:db8::15]:80 gate
real6=[::ffff:1.2.3.4]:80 gate
request="index.html"
request="/a" "b"
request="/a#b"
request=""
request=/a
receive="ok"
receive="ok" junk
receive='ok'
checktype=connect
checktype=negotiate
checktype=ping
checktype=off
checktype=on
checktype=external
checktype=external 5
checktype=external-perl
checktype=3
checktype=0
checktype="connect"
checktype=Connect
checkcommand="/bin/x"
checkcommand=/bin/x
checkcommand=/bin/x # comment
checkcommand="/bin/x#y"
checkcommand="/bin/x -v"
checkcommand=""
checkcommand=
checktimeout=4
checktimeout=1500ms
checktimeout=1.5
checktimeout=-3
checktimeout="3"
checktimeout=00
checktimeout=x
negotiatetimeout=9
checkcount=3
failurecount=2
failurecount=0
checkinterval=6
checkport=81
checkport=00080
checkport=0
checkport=65536
login="me"
login=me
passwd="secret"
database="db"
secret="s"
load="x y"
load="!"
scheduler=wlc
scheduler=Wlc
scheduler=WLC
persistent=600
persistent=0
persistent=99999999999
schedflags=sh-port
netmask=255.255.255.255
netmask=64
netmask=255.255.255.255 # x
protocol=tcp
protocol=udp
protocol=fwm
protocol=TCP
protocol=
ops=yes
ops=true
service=http
service=https
service=ftp
service=sip
service=dns
service=none
service=ssh
service="http"
httpmethod=head
httpmethod=GET /
httpmethod=POST
virtualhost=www.example.com
virtualhost="www.example.com"
virtualhost="www.example.com" x
virtualhost=www.example.com # x
virtualhost=
fallback=127.0.0.1:80
fallback=127.0.0.1
fallback=127.0.0.1:80 route
fallback=:80
fallback6=[::1]:80
fallbackcommand="/bin/x y"
quiescent=yes
quiescent=no
quiescent=yes # c
emailalert=root@example.com
emailalertfreq=7
emailalertstatus=all
servicename=web
comment=
cleanstop=no
smtp=mail
fork=yes
autoreload=yes
timeout=5
connecttimeout=5
nonsense
# a comment""".splitlines()
_PIECES = [
    '"',
    '" ',
    ", ",
    "',",
    "  ",
    "l:1 ",
    "u:2 ",
    "gate",
    "masq ",
    "-",
    "->",
    "[",
    "[::1]",
    "]",
    ":",
    "::",
    ":80",
    "192.0.2.1",
    "010",
    "0x1",
    "7",
    " 7 ",
    "#",
    "/",
    '"/x"',
    '"x", "y"',
    "\t",
    "=",
    "yes",
    "s",
    ".5",
    "A",
    "_",
    "+",
    "@",
    "'",
    "é",
    "\x85",
    "\xa0",
    "\x0b",
    "\x0c",
    "external",
    "5",
    "http",
]
_CHARACTERS: tuple[str, ...] = (*" \t#=\"',:.->[]\r\v\f\x0007\n", "    ", "\t\t", "\u00a0")


def text(chance: random.Random) -> bytes:
    """Return one configuration, of few lines, so that the first refusal does not hide the rest."""
    lines = [chance.choice(GLOBALS) for _ in range(chance.choice((0, 0, 0, 1, 1, 2)))]
    for _ in range(chance.choice((1, 1, 1, 2))):
        lines.append(chance.choice(OPENINGS) if chance.random() < 0.5 else chance.choice(OPENINGS[:9]))
        indentation = chance.choice(("    ", "    ", "    ", "\t", "        ", " \t", "   "))
        lines.extend(indentation + chance.choice(INSIDE) for _ in range(chance.choice((0, 1, 1, 2, 3))))
        if chance.random() < 0.3:
            lines.append(chance.choice(("", "", "#", "     ", "    ", "\t", chance.choice(GLOBALS))))
    made = "\n".join(lines) + chance.choice(("\n", "\n\n", "\n#\n", ""))
    if chance.random() < 0.3:
        made = changed(made, chance)
    return made.encode()


def changed(made: str, chance: random.Random) -> str:
    """Return a text with one thing changed: a line gone, doubled or indented, an octet put in or taken out."""
    lines = made.split("\n")
    line = chance.randrange(len(lines))
    place = chance.randrange(len(made) + 1)
    match chance.randrange(6):
        case 0:
            del lines[line]
        case 1:
            lines.insert(line, lines[line])
        case 2:
            lines[line] = chance.choice((" ", "    ", "\t")) + lines[line]
        case 3:
            return made.replace("\n", "\r\n")
        case 4:
            return made[:place] + made[place + 1 :]
        case _:
            return made[:place] + chance.choice(_CHARACTERS) + made[place:]
    return "\n".join(lines)


def mangled(chance: random.Random) -> bytes:
    """Return one line where it belongs, pieces put into it and taken out of it."""
    opening, line = chance.choice((("", chance.choice(GLOBALS)), ("", chance.choice(OPENINGS)), _inside(chance)))
    for _ in range(chance.randrange(1, 5)):
        place = chance.randrange(len(line) + 1)
        if chance.random() < 0.3:
            line = line[:place] + line[place + chance.randrange(1, 4) :]
        else:
            line = line[:place] + chance.choice(_PIECES) + line[place:]
    return f"{opening}{line}\n\n".encode("latin-1")


def _inside(chance: random.Random) -> tuple[str, str]:
    opening = chance.choice(("virtual=192.0.2.1:80", "virtual6=[2001:db8::1]:80"))
    return f"{opening}\n    ", chance.choice(INSIDE)
