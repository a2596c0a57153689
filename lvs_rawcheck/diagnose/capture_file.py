# SPDX-License-Identifier: GPL-2.0-or-later
"""A file that is there whole or not at all, though the process that fills it is no longer root.

Frames of strangers are read as nobody in particular, but the capture is to lie where root wanted it. So a child
is forked first, which only waits for the finished octets, writes them beside their place and renames them into it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from signal import SIG_BLOCK, SIG_SETMASK, pthread_sigmask, valid_signals

from lvs_rawcheck.errors import UsageError

_LENGTH_OCTETS = 8
_MODE = 0o666  # less the umask
_CHUNK_OCTETS = 1 << 20


class CaptureFile:
    """The place of a file, and who will write it. Make it before root is given up; end it by `save` or `abandon`.

    Raises UsageError where no file can be made at that path.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        # Whoever ends us must not find the file made and nobody there to remove it. The writer never listens: a
        # terminal's signals go to both, and if the one that tells it dies of them, the pipe ends, and it tidies up.
        heeded = pthread_sigmask(SIG_BLOCK, valid_signals())
        try:
            self._begin(path)
        finally:
            pthread_sigmask(SIG_SETMASK, heeded)

    def _begin(self, path: str) -> None:
        beside = f"{path}.{os.getpid()}.part"
        try:
            if not path or (os.path.exists(path) and not os.path.isfile(path)):
                raise ValueError  # a folder; or a device, which a file must not take the place of
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not the path of a file"
            raise UsageError(f"cannot write {path!r}: {reason}") from error
        reading, self._pipe = os.pipe2(os.O_CLOEXEC)
        self._writer = os.fork()
        if self._writer == 0:
            os.close(self._pipe)
            os._exit(_write_when_told(reading, descriptor, beside, path))
        os.close(reading)
        os.close(descriptor)

    def save(self, octets: bytes) -> None:
        """Put these octets in place; UsageError where that fails, and then nothing is changed."""
        message = memoryview(len(octets).to_bytes(_LENGTH_OCTETS, "big") + octets)  # cut without a copy
        with suppress(BrokenPipeError):  # then the writer's status tells why
            while message:
                message = message[os.write(self._pipe, message[:_CHUNK_OCTETS]) :]
        failed = self._end()
        if failed:
            raise UsageError(f"cannot write {self._path!r}: {os.strerror(failed)}")

    def abandon(self) -> None:
        """Leave no file."""
        self._end()

    def _end(self) -> int:
        os.close(self._pipe)
        _, status = os.waitpid(self._writer, 0)
        return os.waitstatus_to_exitcode(status)


def _write_when_told(pipe: int, descriptor: int, beside: str, path: str) -> int:
    """Write what comes through the pipe, if it comes whole; return 0 or the error number. Never raises."""
    status = 0
    try:
        length = int.from_bytes(_read(pipe, _LENGTH_OCTETS), "big")
        octets = _read(pipe, length)
        if length and len(octets) == length:
            while octets:
                octets = octets[os.write(descriptor, octets) :]
            os.replace(beside, path)
            return 0
    except OSError as error:
        status = error.errno or 1
    except BaseException:
        status = 1
    with suppress(OSError):  # the folder may have gone away with it
        os.unlink(beside)
    return status


def _read(pipe: int, length: int) -> bytes:
    """Return so many octets, fewer if the pipe ends before."""
    octets = bytearray()
    while len(octets) < length and (chunk := os.read(pipe, min(length - len(octets), _CHUNK_OCTETS))):
        octets += chunk
    return bytes(octets)
