# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived itself says which words it does not know, and so how it splits and expands a text.

`keepalived -t` reads a file once as parent, from the disk, and then as each child, from the parent's copy; the
children's reading is what counts, and what ours has to be.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.errors import ConfigSyntaxError
from tests.config.keepalived.texts import NODE, first_words, read, written
from tests.corpus import require_corpus

KEEPALIVED = shutil.which("keepalived", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(KEEPALIVED is None, reason="keepalived is not installed")

# It read the file to its end. Anything else: a crash, a missing parameter, a definition that never ends.
READ_TO_THE_END = (0, 4, 5, 6)
SECONDS = 2.0
BEGIN = b"zzbegin"
UNKNOWN = re.compile(rb"^\((?:[^:()]+: )?Line (\d+)\) Unknown keyword '(.*)'$")
BRACE = re.compile(rb"^\((?:[^:()]+: )?Line (\d+)\) Unexpected '\{' - ignoring$")
# Known to some builds of one version, unknown to others.
# keepalived itself loses track there (a length that is out of date, a mark of its own in the copy).
GARBLED = ("escaped-comment", "mangled", "long-line")
OF_SOME_BUILDS = {b"vrrp_ipsets"}
# Separated by bars. Sequences have names of their own: keepalived reads freed memory where one takes over the name of a
# definition of several lines.
PIECES = (
    "aa|bb|cc |\"|'|{|}|#|!|\\| | |\t|$A=|$B=q|$A|${A}|$B|${B}|${A} |$A |~SEQ(I,1,3) |~SEQ(J,2) |~LST(I,x,y) |"
    "~LST({I,J},{1,2},{3,4}) |${I}|$J |@lb1 |@^lb1 |@lb2 |@^lb2 |\r|,|)|=|\n|\n|\n|\n|\\\n|\\\n|$_HASH|${_BANG}|"
    "$_INSTANCE|dd\n|ee\n|$C=aa$A|${C}\n"
)


def messages_of(path: Path) -> list[bytes] | None:
    """Return what keepalived says about a file; None if it did not read it to its end."""
    assert KEEPALIVED is not None
    try:
        run = subprocess.run(
            [KEEPALIVED, "-t", "-i", NODE, "-f", str(path)], capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return run.stderr.split(b"\n") if run.returncode in READ_TO_THE_END else None


def readings_of(messages: list[bytes]) -> list[list[bytes]]:
    """Return the first word of each line that keepalived read, for each of its processes."""
    readings: list[list[bytes]] = []
    for message in messages:
        if match := UNKNOWN.match(message):
            if match[2] == BEGIN:
                readings.append([])
            elif readings:
                readings[-1].append(match[2])
        elif BRACE.match(message) and readings:
            readings[-1].append(b"{")
    return readings


def compare(folder: Path, seed: int, texts: int) -> int:
    """Return how many made-up texts were compared; each has to be read as keepalived's children read it."""
    chance = random.Random(seed)
    alphabet = PIECES.split("|")
    compared = 0
    for _ in range(texts):
        pieces = [chance.choice(alphabet) for _ in range(chance.randrange(1, 25))]
        main = written(folder, BEGIN.decode() + "\n" + "".join(pieces) + "\n")
        messages = messages_of(main)
        if messages is None or any(each.kind in GARBLED for each in read(folder, main.read_bytes()).errors):
            continue
        ours = first_words(main)[1:]
        children = readings_of(messages)[1:]
        assert len(children) >= 2
        assert all(child == ours for child in children), (main.read_text(), children)
        compared += 1
    return compared


def test_made_up_texts(tmp_path: Path) -> None:
    assert compare(tmp_path, seed=4, texts=120) > 80


@pytest.mark.full
def test_many_made_up_texts(tmp_path: Path) -> None:
    assert compare(tmp_path, seed=7, texts=1500) > 1000


@pytest.mark.full
def test_unknown_words_of_real_configurations(tmp_path: Path) -> None:
    compared = 0
    for path in require_corpus("keepalived"):
        if path.name == "README.md" or b"net_namespace" in path.read_bytes():
            continue
        main = written(tmp_path, path.read_bytes())
        messages = messages_of(main)
        try:
            found = read_keepalived(str(main), NODE)
        except ConfigSyntaxError:
            continue
        if messages is None:
            continue
        theirs = {(int(match[1]), match[2]) for each in messages if (match := UNKNOWN.match(each))}
        ours = {(each.span.line, each.keyword.encode("utf-8", "surrogateescape")) for each in found.unknown}
        assert {each for each in theirs ^ ours if each[1] not in OF_SOME_BUILDS} == set(), path
        compared += 1
    assert compared > 100
