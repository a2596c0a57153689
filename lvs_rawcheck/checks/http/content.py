# SPDX-License-Identifier: GPL-2.0-or-later
"""What the content of a response must be like. None of these keeps anything of a response."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

    from lvs_rawcheck.checks.http.body import Body


class ContentTest:
    """One test. kept_octets: how much of the content's beginning it wants to see, 0 for none."""

    __slots__ = ("kept_octets",)

    algorithm: str | None = None
    """The digest that it wants to see, by hashlib's name."""

    def __init__(self, kept_octets: int) -> None:
        self.kept_octets = kept_octets

    def judge(self, body: Body) -> Verdict | None:
        """Return what is wrong with content that is complete, or longer than what is kept for those that want that."""
        raise NotImplementedError


class ExactBody(ContentTest):
    """The content is exactly this."""

    __slots__ = ("_expected",)

    def __init__(self, expected: bytes) -> None:
        self._expected = expected
        super().__init__(len(expected) or 1)

    def judge(self, body: Body) -> Verdict | None:
        """Return what is wrong with the content."""
        if body.octets == len(self._expected) and body.kept == self._expected:
            return None
        count = f"{body.octets} octets" if body.is_whole else f"more than {len(body.kept)} octets"
        return Verdict(
            Reason.BODY,
            f"body of {count}, {shown(bytes(body.kept))}, expected {len(self._expected)}, {shown(self._expected)}",
        )


class Containing(ContentTest):
    """The content has these octets somewhere in what is kept."""

    __slots__ = ("_expected",)

    def __init__(self, expected: bytes, limit: int) -> None:
        self._expected = expected
        super().__init__(limit)

    def judge(self, body: Body) -> Verdict | None:
        """Return what is wrong with the content."""
        if self._expected in body.kept:
            return None
        return Verdict(Reason.BODY, f"{shown(self._expected)} is not in {_searched(body)}")


class Digest(ContentTest):
    """The content has this digest, lower case hexadecimal. algorithm: hashlib's name."""

    __slots__ = ("_algorithm", "_expected", "algorithm")

    def __init__(self, algorithm: str, expected: str) -> None:
        super().__init__(0)
        self.algorithm = self._algorithm = algorithm
        self._expected = expected

    def judge(self, body: Body) -> Verdict | None:
        """Return what is wrong with the content."""
        digest = body.digests()[self._algorithm]
        if digest == self._expected:
            return None
        name = self._algorithm.upper()
        return Verdict(Reason.DIGEST, f"{name} of {body.octets} octets of body is {digest}, expected {self._expected}")


class Matching(ContentTest):
    """A pattern is found, or with `absent` is not. least, most: where the match may begin, octets, most None: anywhere.

    with_head: it is looked for in the header too, and `least` and `most` count from there.
    """

    __slots__ = ("_absent", "_least", "_most", "_pattern", "_with_head")

    def __init__(
        self,
        pattern: re.Pattern[bytes],
        limit: int,
        absent: bool = False,
        least: int = 0,
        most: int | None = None,
        with_head: bool = False,
    ) -> None:
        self._pattern = pattern
        self._absent = absent
        self._least = least
        self._most = most
        self._with_head = with_head
        super().__init__(limit)

    def judge(self, body: Body) -> Verdict | None:
        """Return what is wrong with the content."""
        searched = body.head + body.kept if self._with_head else body.kept
        match = self._pattern.search(searched, self._least)
        found = match is not None and (self._most is None or match.start() <= self._most)
        pattern = shown(self._pattern.pattern)
        if found and self._absent and match is not None:
            return Verdict(Reason.REGEX, f"{pattern} matches at octet {match.start()}, and must not")
        if not found and not self._absent:
            return Verdict(Reason.REGEX, f"{pattern} matches nothing in {_searched(body)}")
        if match is not None and not body.is_whole and not self._holds(match, len(searched)):
            return Verdict(Reason.REGEX, f"{pattern} goes by what follows, and {_searched(body)} are not all of it")
        if self._absent and not body.is_whole:
            return Verdict(Reason.REGEX, f"{pattern} must match nowhere, and {_searched(body)} are not all of it")
        return None

    def _holds(self, match: re.Match[bytes], octets: int) -> bool:
        """Return whether a match in so many octets is one however they go on, rather than by the cut."""
        from lvs_rawcheck.checks.patterns.reach import reach  # only for bodies that are cut

        return match.end() + reach(self._pattern) <= octets


def _searched(body: Body) -> str:
    if body.is_whole:
        return f"{body.octets} octets of body"
    return f"the first {len(body.kept)} octets of body (body-limit)"
