# SPDX-License-Identifier: GPL-2.0-or-later
"""A session opposite `openssl s_server`, over a Unix socket: another program, the kernel in between."""

from __future__ import annotations

import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lvs_rawcheck.tls.events import DataReceived, Event, Failed, PeerClosed, Secured
from lvs_rawcheck.tls.session import Session
from lvs_rawcheck.tls.settings import Settings
from tests.netns.daemons import certificates
from tests.netns.daemons.certificates import NAME
from tests.netns.topology import end_process, wait_until
from tests.tls.authority import Identity

PATIENT = 10.0  # seconds
CHANGE_CIPHER_SPEC = 20  # RFC 5246 7.1


class OpenSsl:
    """A running s_server. say: what it sends to its client; `R` alone on a line makes it renegotiate first."""

    def __init__(self, child: subprocess.Popen[str], path: Path) -> None:
        self._child = child
        self.path = path

    def say(self, line: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(line)
        self._child.stdin.flush()


@contextmanager
def s_server(folder: Path, identity: Identity, *options: str) -> Iterator[OpenSsl]:
    path = folder / "socket"
    files = ["-cert", str(identity.certificate_file), "-key", str(identity.key_file)]
    argv = ["openssl", "s_server", "-unix", path.name, *files, *options]
    with (folder / "output").open("wb") as output:
        # By a relative path: s_server cannot print longer ones than 31 octets, and ends.
        child = subprocess.Popen(
            argv, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: path.exists() or child.poll() is not None, "s_server did not listen", PATIENT)
        yield OpenSsl(child, path)
    finally:
        end_process(child)


class Talk:
    """A session of ours over a kernel socket."""

    def __init__(self, path: Path, demands: Settings) -> None:
        self.session = Session(demands, time.time())
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENT)
        deadline = time.monotonic() + PATIENT
        while self.socket.connect_ex(str(path)):  # the path is there before anybody listens
            assert time.monotonic() < deadline
        self.events: list[Event] = []
        self.received = b""

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def until(self, wanted: type[Event]) -> list[Event]:
        """Return all events so far, the last of which is one that was wanted, or ends it all."""
        while True:
            while (event := self.session.next_event()) is not None:
                self.events.append(event)
                if isinstance(event, wanted | Failed | PeerClosed):
                    return self.events
            self.socket.sendall(self.session.octets_to_send())
            self.receive()

    def receive(self) -> None:
        """Wait for octets and hand them on."""
        octets = self.socket.recv(65536)
        self.received += octets
        if octets:
            self.session.receive_octets(octets)
        else:
            self.session.peer_eof()


def record_types(octets: bytes) -> list[int]:
    """Return the types of the records of a stream (RFC 5246 6.2.1), which nobody encrypts."""
    types = []
    while octets:
        types.append(octets[0])
        octets = octets[5 + int.from_bytes(octets[3:5], "big") :]
    return types


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_each_version(tmp_path: Path, version: str) -> None:
    demands = Settings(server_name=NAME, verify=True, ca_file=str(certificates.authority().ca_file), expected_name=NAME)
    with s_server(tmp_path, certificates.good(), version, "-www") as server, Talk(server.path, demands) as talk:
        assert [repr(event) for event in talk.until(Secured)] == ["Secured"]
        assert talk.session.parameters()["version"] == f"TLSv{version[-3:].replace('_', '.')}"
        talk.session.send(b"GET / HTTP/1.0\r\n\r\n")
        talk.until(PeerClosed)
        page = b"".join(event.octets for event in talk.events if isinstance(event, DataReceived))
        assert page.startswith(b"HTTP/1.0 200 ok\r\n")
        assert repr(talk.events[-1]) == "PeerClosed"


def test_a_renegotiation(tmp_path: Path) -> None:
    """TLS 1.2 has it, keepalived's OpenSSL goes along with it, and so do we: data goes on behind it."""
    with s_server(tmp_path, certificates.good(), "-tls1_2") as server, Talk(server.path, Settings()) as talk:
        talk.until(Secured)
        talk.received = b""
        server.say("R\n")
        talk.receive()
        assert talk.session.next_event() is None
        talk.session.send(b"in the middle of it\n")  # which OpenSSL takes once it is over
        talk.socket.sendall(talk.session.octets_to_send())
        while CHANGE_CIPHER_SPEC not in record_types(talk.received):  # which every handshake has, and nothing else
            talk.receive()
            assert talk.session.next_event() is None
            talk.socket.sendall(talk.session.octets_to_send())
        server.say("behind it\n")
        event = talk.until(DataReceived)[-1]
        assert isinstance(event, DataReceived)
        assert event.octets == b"behind it\n"[: len(event.octets)]
        talk.socket.sendall(talk.session.octets_to_send())
        heard = tmp_path / "output"
        wait_until(lambda: b"in the middle of it\n" in heard.read_bytes(), "s_server did not hear it", PATIENT)


@pytest.mark.full
def test_a_server_that_renegotiates_for_ever(tmp_path: Path) -> None:
    with s_server(tmp_path, certificates.good(), "-tls1_2") as server, Talk(server.path, Settings()) as talk:
        talk.until(Secured)
        event: Event | None = None
        for _ in range(5000):
            if not select.select([talk.socket], [], [], 0.01)[0]:
                server.say("R\n")
            talk.receive()
            event = talk.session.next_event()
            if event is not None:
                break
            talk.socket.sendall(talk.session.octets_to_send())
    assert isinstance(event, Failed)
    assert event.sentence == "more than 262144 octets of TLS with nothing in them"


@pytest.mark.parametrize(
    ("options", "demands", "sentence"),
    [
        (("-tls1_2",), Settings(min_version="1.3"), "protocol version"),
        (("-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2"), Settings(), "handshake failure"),
        (("-alpn", "h2"), Settings(alpn=("http/1.1",)), "no application protocol"),
        (("-servername", "x", "-servername_fatal"), Settings(server_name="y.example"), "unrecognized name"),
        (("-Verify", "1", "-tls1_2"), Settings(), "handshake failure"),
        (("-Verify", "1", "-tls1_3"), Settings(), "certificate required"),
    ],
)
def test_refusals(tmp_path: Path, options: tuple[str, ...], demands: Settings, sentence: str) -> None:
    identity = certificates.good()
    files = ("-cert2", str(identity.certificate_file), "-key2", str(identity.key_file))
    with (
        s_server(tmp_path, identity, *options, *(files if "-servername" in options else ())) as server,
        Talk(server.path, demands) as talk,
    ):
        event = talk.until(Failed)[-1]
        assert isinstance(event, Failed)
        assert event.sentence.endswith(f"with the alert: {sentence}")


# A server of any age: s_server at security level 0.
OLD = ("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")


def test_old_versions_sign_with_what_openssl_s_security_level_rules_out(tmp_path: Path) -> None:
    with s_server(tmp_path, certificates.good(), *OLD) as server, Talk(server.path, Settings()) as talk:
        event = talk.until(Failed)[-1]
        assert isinstance(event, Failed)
        assert "legacy sigalg disallowed" in event.sentence


def test_old_versions_that_sign_nothing_go_as_they_do_in_keepalived(tmp_path: Path) -> None:
    """The key exchange of RSA certificates needs no signature."""
    certificate, key = tmp_path / "rsa.pem", tmp_path / "rsa.key"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"]
    subprocess.run([*make, "-out", str(certificate), "-keyout", str(key)], check=True, capture_output=True)
    identity = Identity(certificate, key, certificates.good().certificate)
    only_rsa = ("-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0")
    with s_server(tmp_path, identity, *only_rsa) as server, Talk(server.path, Settings()) as talk:
        talk.until(Secured)
        assert talk.session.parameters()["version"] == "TLSv1.1"
