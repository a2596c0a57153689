# SPDX-License-Identifier: GPL-2.0-or-later
"""responder.py CERTIFICATE LOG: on the real server, one port a row of the table, each answering as its row says.

A line of the log is the port of a connection on which a request came whole, or began where it cannot be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import sys
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

from tests.lab.agreement.rows import ROWS, Abort, Pause, Reset, Row, Wait, port_of

REQUEST_SECONDS = 10.0
HOLD_SECONDS = 30.0


async def answer(row: Row, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do what the row says, then close."""
    for action in row.answer:
        if isinstance(action, bytes):
            writer.write(action)
            await writer.drain()
        elif isinstance(action, Pause):
            await asyncio.sleep(action.seconds)
        elif isinstance(action, Abort):
            writer.transport.abort()
        elif isinstance(action, Wait):
            await asyncio.wait_for(reader.read(), HOLD_SECONDS)
        elif isinstance(action, Reset):
            # Closing with a linger of 0 s is a RST (socket(7)).
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


async def serve(row: Row, port: int, context: ssl.SSLContext, log: Path) -> asyncio.Server:
    """Listen on the row's port."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.read(1) if row.plain else reader.readuntil(b"\r\n\r\n"), REQUEST_SECONDS)
            with log.open("a") as lines:
                print(port, file=lines)
            await answer(row, reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # the checker has what it wanted, or wants no more
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    speaks_tls = row.kind == "https" and not row.plain
    return await asyncio.start_server(converse, "0.0.0.0", port, ssl=context if speaks_tls else None)


async def main() -> None:
    """Serve all rows until somebody ends us."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    log = Path(sys.argv[2])
    for row in ROWS:
        await serve(row, port_of(row), context, log)
    log.touch()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
