# SPDX-License-Identifier: GPL-2.0-or-later
"""A web server with habits, one a path: responder.py PORT ADDRESS... Prints READY once it listens; ends with its stdin.

/               a page
/host           what the request said, as the body
/big            300 kB of content, in many segments
/chunked /lf /nul /1.0 /204 /folded /404    what they say
/rest           a whole page, then the connection is reset
/stay           a whole page, and the connection is kept open
/garbage        a whole page, then more than that
/short          a body shorter than its Content-Length, then a close
/half           a whole page without a length, then half a close: it goes on listening
/half-early     a header, then half a close
/drip           one octet every tenth of a second, for ever
/silent         nothing at all
/banner         another protocol
/endless-header /endless-body /endless-chunk /endless-chunks /endless-interim    what they say, as fast as it is taken
/many           10,000 headers
/die            a header and half a body, then RST
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable, Callable

BODY = b"hello, world\n"
BIG = b"".join(b"line %06d\n" % number for number in range(25_000))
_PIECE = 16 * 1024

Writer = asyncio.StreamWriter


def page(body: bytes = BODY, *headers: bytes) -> bytes:
    """Return a whole response."""
    lines = [b"HTTP/1.1 200 OK", b"Server: responder", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


HEAD = b"HTTP/1.1 200 OK\r\nServer: responder\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "/": page(),
    "/big": page(BIG),
    "/chunked": CHUNKED + b"7\r\nhello, \r\n6\r\nworld\n\r\n0\r\n\r\n",
    "/lf": page().replace(b"\r\n", b"\n"),
    "/nul": page(b"before\0after"),
    "/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/404": page().replace(b"200 OK", b"404 Not Found"),
    "/folded": page(BODY, b"X-Folded: one", b" two"),
    "/garbage": page() + b"garbage" * 1000,
    "/short": page().replace(b"13", b"9999"),
    "/banner": b"SSH-2.0-responder\r\n",
    "/many": HEAD + b"X-Many: x\r\n" * 10_000 + b"\r\n",
}
ENDLESS = {
    "/endless-header": (HEAD, b"X-Endless: x\r\n"),
    "/endless-body": (HEAD + b"\r\n", b"x"),
    "/endless-chunk": (CHUNKED + b"ffffffffff\r\n", b"x"),
    "/endless-chunks": (CHUNKED, b"1\r\nx\r\n"),
    "/endless-interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


async def hold(reader: asyncio.StreamReader) -> None:
    """Wait until the other side is gone."""
    with contextlib.suppress(OSError):
        await reader.read()


def linger_for_nothing(writer: Writer) -> None:
    """Let the close be a RST (socket(7))."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def say_for_ever(writer: Writer, beginning: bytes, again: bytes) -> None:
    """Write until nobody takes it."""
    writer.write(beginning)
    while True:
        writer.write(again * (_PIECE // len(again)))
        await writer.drain()


async def drip(writer: Writer) -> None:
    """Write a response one octet at a time."""
    for octet in HEAD + b"\r\n" + BODY * 1000:
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def behave(path: str, request: bytes, reader: asyncio.StreamReader, writer: Writer) -> None:
    """Do what is the habit of a path."""
    if path in ENDLESS:
        await say_for_ever(writer, *ENDLESS[path])
    elif path == "/drip":
        await drip(writer)
    elif path == "/silent":
        await hold(reader)
    elif path == "/host":
        writer.write(page(request))
    elif path in ("/stay", "/half", "/half-early"):
        writer.write({"/stay": page(), "/half": HEAD + b"\r\n" + BODY, "/half-early": HEAD}[path])
        if path != "/stay":
            writer.write_eof()
        await hold(reader)
    elif path in ("/rest", "/die"):
        writer.write(page() if path == "/rest" else page()[:-5])
        await writer.drain()
        await asyncio.sleep(0.05)  # so that the answer is on its way before the reset
        linger_for_nothing(writer)
    else:
        writer.write(ANSWERS.get(path, ANSWERS["/404"]))


async def converse(reader: asyncio.StreamReader, writer: Writer) -> None:
    """Serve one connection."""
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        await behave(request.split()[1].decode(), request, reader, writer)
    except (OSError, asyncio.IncompleteReadError):
        pass  # whoever asked has gone
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def main(port: int, addresses: list[str]) -> None:
    """Listen, say so, serve until stdin ends."""
    begin: Callable[..., Awaitable[asyncio.Server]] = asyncio.start_server
    for address in addresses:
        await begin(converse, address, port, backlog=512)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    print("READY", flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
