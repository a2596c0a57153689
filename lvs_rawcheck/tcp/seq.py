# SPDX-License-Identifier: GPL-2.0-or-later
"""Sequence numbers: RFC 9293 3.4, arithmetic and order modulo 2**32."""

from __future__ import annotations

MODULUS = 1 << 32
_MASK = MODULUS - 1
_HALF = 1 << 31


class Seq(int):
    """One sequence number, 0 .. 2**32 - 1; made from any int by taking it modulo 2**32.

    `a + n` wraps, `a - b` is the signed distance in octets (-2**31 .. 2**31 - 1), and `<` says "before" on
    the circle: for two numbers closer than 2**31, as all numbers of one window are.
    """

    __slots__ = ()

    def __new__(cls, value: int) -> Seq:
        return int.__new__(cls, value & _MASK)

    def __add__(self, octets: int) -> Seq:
        return int.__new__(Seq, int.__add__(self, octets) & _MASK)

    def __sub__(self, other: int) -> int:
        return ((int.__sub__(self, other) + _HALF) & _MASK) - _HALF

    def __lt__(self, other: int) -> bool:
        return self - other < 0

    def __le__(self, other: int) -> bool:
        return self - other <= 0

    def __gt__(self, other: int) -> bool:
        return self - other > 0

    def __ge__(self, other: int) -> bool:
        return self - other >= 0
