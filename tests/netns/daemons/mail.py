# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers of mail: postfix with SMTP and submission, dovecot with IMAP and POP3, plain and over TLS."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.netns.daemons import certificates
from tests.netns.daemons.daemon import Daemon, endpoint, everywhere, lines, new_folder, says, write
from tests.netns.topology import Host
from tests.tls.authority import Identity

USER = "alice"
PASSWORD = "open sesame"
_PRIVATE_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved")

_MAIN_CF = """
compatibility_level = 3.7
myhostname = mail.example
mydestination = localhost
queue_directory = {folder}/queue
data_directory = {folder}/data
config_directory = {folder}/config
multi_instance_directories =
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = {addresses}
inet_protocols = all
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
maillog_file = /dev/stdout
maillog_file_prefixes = /dev/stdout
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_client_port_logging = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = {chain}
smtpd_tls_session_cache_database =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_helo_restrictions = {helo}
smtpd_helo_required = yes
smtpd_delay_reject = no
"""
_MASTER_CF = """
{listeners}
postlog   unix-dgram n - n - 1 postlogd
anvil     unix  - - n - 1 anvil
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
cleanup   unix  n - n - 0 cleanup
proxymap  unix  - - n - - proxymap
"""


def postfix(
    host: Host, addresses: Sequence[str], smtp: int = 25, submission: int = 587, refused_helo: str | None = None
) -> Daemon:
    """Return postfix, mail.example, which takes no mail; refused_helo: a name whose HELO it answers with 550."""
    folder = new_folder("postfix")
    _make_queue(folder)
    helo = f"check_helo_access inline:{{{refused_helo}=REJECT}}" if refused_helo else ""
    chain, listed = certificates.in_one_file(certificates.good()), ", ".join(addresses)
    text = _MAIN_CF.format(folder=folder, addresses=listed, chain=chain, helo=helo)
    main_cf = write(folder / "config" / "main.cf", text)
    os.utime(main_cf, (0, 0))  # postfix waits a while for the end of an edit that has only just begun
    listeners = lines("{} inet n - n - - smtpd", [endpoint(a, port) for a in addresses for port in (smtp, submission)])
    write(folder / "config" / "master.cf", _MASTER_CF.format(listeners=listeners))
    daemon = Daemon(host, ["/usr/lib/postfix/sbin/master", "-d", "-c", str(folder / "config")], folder)
    # All listeners are open when one is; each that is asked costs a process, which takes its time to start.
    return daemon.wait_until(says(addresses[0], smtp, b"220 mail.example"))


def _make_queue(folder: Path) -> None:
    """Make the folders that `postfix check` would make, as its postfix-files says."""
    queue = folder / "queue"
    for name in ("", "pid", *_PRIVATE_QUEUES):
        (queue / name).mkdir(mode=0o755, parents=True)
    for name in _PRIVATE_QUEUES:
        shutil.chown(queue / name, "postfix")
    for name, mode in (("public", 0o2710), ("maildrop", 0o1730)):
        (queue / name).mkdir()
        shutil.chown(queue / name, "postfix", "postdrop")
        (queue / name).chmod(mode)
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")


_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap pop3
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
service anvil {{
  # Nobody counts a client's failures, to let the next ones wait.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
mail_location = maildir:{folder}/mail/%u
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
{listeners}
"""
_DOVECOT_SERVICE = """
service {service}-login {{
  inet_listener {service} {{
    address = {addresses}
    port = {plain}
  }}
  inet_listener {service}s {{
    address = {addresses}
    port = {secure}
    ssl = yes
  }}
}}
"""


def dovecot(
    host: Host,
    addresses: Sequence[str],
    imap: int = 143,
    imaps: int = 993,
    pop3: int = 110,
    pop3s: int = 995,
    identity: Identity | None = None,
) -> Daemon:
    """Return dovecot, which knows USER with PASSWORD."""
    identity = identity or certificates.good()
    folder = new_folder("dovecot")
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    write(folder / "users", f"{USER}:{{PLAIN}}{PASSWORD}\n")
    services = (("imap", imap, imaps), ("pop3", pop3, pop3s))
    listed = ", ".join(addresses)
    text = _DOVECOT.format(
        folder=folder,
        certificate=identity.certificate_file,
        key=identity.key_file,
        listeners="".join(
            _DOVECOT_SERVICE.format(service=service, addresses=listed, plain=plain, secure=secure)
            for service, plain, secure in services
        ),
    )
    configuration = write(folder / "dovecot.conf", text)
    daemon = Daemon(host, ["dovecot", "-F", "-c", str(configuration)], folder)
    return daemon.wait_until(everywhere(addresses, [imap, pop3], rb"\* OK|\+OK"))
