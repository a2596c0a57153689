# SPDX-License-Identifier: GPL-2.0-or-later
"""The two configurations of the demonstration are the same but for the checks."""

import re
from pathlib import Path

LAB = Path(__file__).resolve().parents[2] / "examples" / "lab"
CHECKER = re.compile(r"^ {8}(TCP_CHECK|MISC_CHECK) \{\n(?: {12}.*\n)+ {8}\}\n", re.MULTILINE)


def without_checks(name: str) -> tuple[str, list[str]]:
    """Return the configuration without the comments at its head and its checks; and the kinds of those."""
    text = (LAB / name).read_text()
    body = text[text.index("global_defs") :]
    return CHECKER.sub("", body), CHECKER.findall(body)


def test_only_the_checks_differ() -> None:
    tcp, tcp_checks = without_checks("keepalived-tcp-check.conf")
    raw, raw_checks = without_checks("keepalived-raw-check.conf")
    assert tcp == raw
    assert tcp_checks == ["TCP_CHECK"] * 3
    assert raw_checks == ["MISC_CHECK"] * 3


def test_each_raw_check_is_of_its_own_server() -> None:
    text = (LAB / "keepalived-raw-check.conf").read_text()
    for block in text.split("real_server ")[1:]:
        misc_path = re.search(r'misc_path "([^"\\]*)"', block)
        assert misc_path is not None
        assert misc_path[1].split()[-3:] == [block.split()[0], "10.0.0.100", "80"]
        # keepalived reads lines of at most 1023 octets.
        assert len(misc_path[0]) < 1000
