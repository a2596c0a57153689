# SPDX-License-Identifier: GPL-2.0-or-later
"""ldirectord itself says what it accepts and what it understood; ours has to be the same.

Its parser reads hundreds of files in one process. Its command `status` is slower: it proves, on some of them, that the
parser alone says what the command says.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lvs_rawcheck.config.ldirectord import kinds, read_ldirectord
from tests.config.ldirectord import made_up
from tests.config.ldirectord.comparison import differences, refused_by_us
from tests.config.ldirectord.oracle import ACCEPTED, REFUSED, require_ldirectord, status_of, understood
from tests.config.ldirectord.texts import block
from tests.corpus import require_corpus

pytestmark = require_ldirectord

V6 = "virtual6=[2001:db8::1]:80"
# One line each, where it belongs.
SMALL = [
    *(f"{line}\n" for line in made_up.GLOBALS),
    *(f"{line}\n{block()}" for line in made_up.GLOBALS),
    *(block(opening=line) for line in made_up.OPENINGS),
    *(block(line, opening="virtual=192.0.2.1:80") for line in made_up.INSIDE),
    *(block(line, "protocol=udp", opening=V6) for line in made_up.INSIDE),
    *(block("protocol=udp", line) for line in made_up.INSIDE if line.startswith("fallback")),
    *(block("real=192.0.2.9:80 gate") + line + "\n" for line in made_up.OPENINGS),
    *(line for line in made_up.OPENINGS),
]
ENDLESS = block("real=5.245.224.250->5.245.224.255:80 gate")


def written(folder: Path, texts: list[bytes]) -> list[Path]:
    """Return files with the texts, named like no file that a running ldirectord could have."""
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"lvs-rawcheck-test-{folder.name}-{number}.cf"
        path.write_bytes(text)
        paths.append(path)
    return paths


def compare(folder: Path, texts: list[bytes]) -> int:
    """Return how many of the texts were accepted; none may be read otherwise than by the program."""
    paths = written(folder, texts)
    wrong = {}
    accepted = 0
    for path, told in zip(paths, understood(paths), strict=True):
        accepted += "virtuals" in told
        found = differences(read_ldirectord(str(path)), told)
        if found:
            wrong[path.read_bytes()] = found
    assert wrong == {}
    return accepted


def compare_status(folder: Path, texts: list[bytes]) -> int:
    """Return how many texts the command accepted: those that we do not call refused."""
    accepted = 0
    for path in written(folder, texts):
        ours = read_ldirectord(str(path))
        status = status_of(path)
        if not any(each.kind == kinds.NAME for each in ours.findings):
            assert status == (REFUSED if refused_by_us(ours) else ACCEPTED), path.read_bytes()
        accepted += status == ACCEPTED
    return accepted


def test_small_files(tmp_path: Path) -> None:
    assert len(SMALL) > 300
    assert compare(tmp_path, [text.encode() for text in SMALL]) > 150


def test_status_of_small_files(tmp_path: Path) -> None:
    assert compare_status(tmp_path, [text.encode() for text in SMALL[::60]]) > 1


@pytest.mark.full
def test_status_of_all_small_files(tmp_path: Path) -> None:
    assert compare_status(tmp_path, [text.encode() for text in SMALL]) > 150


def test_what_is_accepted_and_misread_is_an_error_of_its_own_kind(tmp_path: Path) -> None:
    misread = set()
    paths = written(tmp_path, [text.encode() for text in SMALL])
    for path, told in zip(paths, understood(paths), strict=True):
        if "virtuals" in told:
            errors = {each.kind for each in read_ldirectord(str(path)).errors}
            assert errors <= kinds.MISREAD
            misread |= errors
    assert misread >= {
        kinds.MARK,
        kinds.ADDRESS_FORM,
        kinds.ELSEWHERE,
        kinds.DROPPED,
        kinds.RANGE_ORDER,
        kinds.NUMBER_FORM,
        kinds.COMBINED_BY_DIGIT,
        kinds.CUT_IN_QUOTES,
        kinds.TRAILING,
        kinds.KEPT_COMMENT,
        kinds.ALWAYS_UP,
    }


def test_made_up_texts(tmp_path: Path) -> None:
    chance = random.Random(5)
    assert compare(tmp_path, [made_up.text(chance) for _ in range(1500)]) > 200


def test_mangled_lines(tmp_path: Path) -> None:
    chance = random.Random(11)
    assert compare(tmp_path, [made_up.mangled(chance) for _ in range(600)]) > 30


@pytest.mark.full
def test_many_mangled_lines(tmp_path: Path) -> None:
    chance = random.Random(12)
    assert compare(tmp_path, [made_up.mangled(chance) for _ in range(10_000)]) > 500


@pytest.mark.full
def test_many_made_up_texts(tmp_path: Path) -> None:
    chance = random.Random(6)
    for part in range(10):
        folder = tmp_path / str(part)
        folder.mkdir()
        assert compare(folder, [made_up.text(chance) for _ in range(3000)]) > 400


def test_real_configurations(tmp_path: Path) -> None:
    texts = [path.read_bytes() for path in (*require_corpus("ldirectord"), *require_corpus("l7directord"))]
    assert compare(tmp_path, texts) >= 10


@pytest.mark.full
def test_status_of_real_configurations(tmp_path: Path) -> None:
    texts = [path.read_bytes() for path in (*require_corpus("ldirectord"), *require_corpus("l7directord"))]
    assert compare_status(tmp_path, texts) >= 10


def test_changed_real_configurations(tmp_path: Path) -> None:
    assert compare(tmp_path, changed_corpus(seed=8, count=200)) > 20


@pytest.mark.full
def test_status_of_changed_real_configurations(tmp_path: Path) -> None:
    assert compare_status(tmp_path, changed_corpus(seed=9, count=200)) > 20


def test_a_range_without_an_end(tmp_path: Path) -> None:
    (path,) = written(tmp_path, [ENDLESS.encode()])
    assert understood([path]) == [{"endless": 1}]
    assert [each.kind for each in read_ldirectord(str(path)).errors] == [kinds.RANGE_ORDER]


@pytest.mark.full
def test_many_changed_real_configurations(tmp_path: Path) -> None:
    assert compare(tmp_path, changed_corpus(seed=10, count=3000)) > 300


def changed_corpus(seed: int, count: int) -> list[bytes]:
    """Return real configurations, each with a few things changed."""
    chance = random.Random(seed)
    sources = [path.read_bytes().decode("latin-1") for path in require_corpus("ldirectord")]
    texts = []
    for _ in range(count):
        text = chance.choice(sources)
        for _ in range(chance.randrange(1, 4)):
            text = made_up.changed(text, chance)
        texts.append(text.encode("latin-1"))
    return texts
