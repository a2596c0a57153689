# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up configurations that ldirectord takes: blocks of servers, checks, times and comments, in any order."""

from __future__ import annotations

from hypothesis import strategies as st

_GLOBALS = (
    *("checktimeout=3", "negotiatetimeout=7", "checkinterval=2", "failurecount=3", "quiescent=yes", "autoreload=yes"),
    *("fork=yes", "fallback=127.0.0.1:80", "readdquiescent=yes", "# a comment", "", "emailalertfreq = 3600"),
)
_CHECKTYPES = (
    "checktype=connect",
    "checktype = negotiate",
    "checktype=ping",
    "checktype=5",
    "checktype=connect  # why",
)
_KEPT = ("checktype=on", "checktype=off", 'checktype=external\n\tcheckcommand="/site/own"', "service=none")
_SERVICES = (
    *("service=http", "service=https", "service=smtp", "service=ldap", "service=sip", "service=nntp", "service=imap"),
    *("service=simpletcp", "service=ftp", "service=oracle", "service=pops"),
)
_OTHERS = (
    *('request="index.html"', 'receive="o.k"', 'login="who"', 'passwd="x"', 'secret="y"', 'virtualhost="a.example"'),
    *("checkport=81", "scheduler=rr", "checktimeout=4", "checktimeout = 9s", "negotiatetimeout=6", 'database="d"'),
    *("failurecount=2", "checkcount=2", "# a comment", "#|checktype=x", "persistent=60", 'checkcommand="/unused"'),
)
_ODD = ("service=dns", "service=mysql", "service=radius", "service=http_proxy", "httpmethod=HEAD", "quiescent=no")
_STEPS = ("\t", "    ", "  \t", "        ")

_METHODS = ("gate", "gate 5", 'gate 1 "own", "fine"')
_sound_servers = st.lists(
    st.builds("real=192.0.2.{}:80 {}".format, st.integers(11, 19), st.sampled_from(_METHODS)),
    min_size=1,
    max_size=4,
    unique_by=lambda line: line.partition(":")[0],
)
_odd_servers = st.lists(
    st.builds(
        "real=192.0.2.{}:{} {}".format,
        st.integers(11, 13),
        st.sampled_from((80, 80, 8080)),
        st.sampled_from((*_METHODS, "masq", "ipip")),
    ),
    max_size=4,
)


@st.composite
def _block(draw: st.DrawFn, opening: str) -> list[str]:
    odd = draw(st.integers(0, 4)) == 4
    lines = draw(_odd_servers if odd else _sound_servers)
    lines += draw(st.lists(st.sampled_from((*_CHECKTYPES, *(_KEPT if odd else ()))), max_size=2))
    lines += draw(st.lists(st.sampled_from((*_SERVICES, *(_ODD if odd else ()))), max_size=1))
    lines += draw(st.lists(st.sampled_from(_OTHERS), max_size=4))
    step = draw(st.sampled_from(_STEPS))
    return [opening, *(step + line for line in draw(st.permutations(lines))), *draw(_ending())]


@st.composite
def _ending(draw: st.DrawFn) -> list[str]:
    return draw(st.sampled_from(([""], ["# between blocks"], ["", "", "checkinterval=3"])))


@st.composite
def configurations(draw: st.DrawFn) -> bytes:
    """Return the octets of a configuration."""
    openings = draw(
        st.lists(
            st.sampled_from(
                (
                    "virtual=192.0.2.1:80",
                    "virtual=192.0.2.2:25",
                    "virtual = 192.0.2.3:0",
                    "virtual=7",
                    "virtual=8",
                    "virtual=192.0.2.4:80",
                )
            ),
            unique=True,
            max_size=4,
        )
    )
    lines = draw(st.lists(st.sampled_from(_GLOBALS), max_size=3))
    for opening in openings:
        lines += draw(_block(opening))
    newline = draw(st.sampled_from(("\n", "\n", "\n", "\r\n")))
    text = "\n".join(lines) + draw(st.sampled_from(("", "\n")))
    return text.replace("\n", newline).encode()
