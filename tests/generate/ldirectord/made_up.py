# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up configurations that ldirectord takes: blocks of servers, checks, times and comments, in any order."""

from __future__ import annotations

from hypothesis import strategies as st

_GLOBALS = (
    *("checktimeout=3", "negotiatetimeout=7", "checkinterval=2", "failurecount=3", "quiescent=yes", "autoreload=yes"),
    *("fork=yes", "fallback=127.0.0.1:80", "readdquiescent=yes", "# a comment", "", "emailalertfreq = 3600"),
)
_CHECKTYPES = (
    *("checktype=connect", "checktype = negotiate", "checktype=ping", "checktype=5", "checktype=on", "checktype=off"),
    *('checktype=external\n\tcheckcommand="/site/own"', "checktype=connect  # why", 'checkcommand="/unused"'),
)
_SERVICES = (
    *("service=http", "service=https", "service=smtp", "service=ldap", "service=sip", "service=none", "service=nntp"),
    *("service=dns", "service=mysql", "service=simpletcp", "service=ftp", "service=radius", "service=http_proxy"),
)
_OTHERS = (
    *(
        'request="index.html"',
        'receive="o.k"',
        'login="who"',
        'passwd="x"',
        'secret="y"',
        "virtualhost=www.example.com",
    ),
    *("checkport=81", "httpmethod=HEAD", "scheduler=rr", "checktimeout=4", "checktimeout = 9s", "negotiatetimeout=6"),
    *(
        "failurecount=2",
        "checkcount=2",
        "quiescent=no",
        "# a comment",
        "#|checktype=x",
        "persistent=60",
        'database="d"',
    ),
)
_STEPS = ("\t", "    ", "  \t", "        ")

_servers = st.builds(
    "real=192.0.2.{}:{} {}".format,
    st.integers(11, 15),
    st.sampled_from((80, 80, 80, 8080, 25)),
    st.sampled_from(("gate", "gate", "gate", "gate 5", 'gate 1 "own", "fine"', "masq", "ipip")),
)


@st.composite
def _block(draw: st.DrawFn, opening: str) -> list[str]:
    lines = draw(st.lists(_servers, min_size=0, max_size=4))
    lines += draw(st.lists(st.sampled_from(_CHECKTYPES), max_size=2))
    lines += draw(st.lists(st.sampled_from(_SERVICES), max_size=1))
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
                ("virtual=192.0.2.1:80", "virtual=192.0.2.2:25", "virtual = 192.0.2.3:0", "virtual=7", "virtual=8")
            ),
            unique=True,
            max_size=4,
        )
    )
    lines = draw(st.lists(st.sampled_from(_GLOBALS), max_size=3))
    for opening in openings:
        lines += draw(_block(opening))
    newline = draw(st.sampled_from(("\n", "\n", "\n", "\r\n")))
    text = newline.join(newline.join(lines).split("\n"))
    return (text.replace("\r\r", "\r") + draw(st.sampled_from(("", newline)))).encode()
