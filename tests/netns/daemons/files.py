# SPDX-License-Identifier: GPL-2.0-or-later
"""vsftpd, with one file, for the anonymous and for one user."""

from __future__ import annotations

from collections.abc import Sequence

from tests.netns.daemons.daemon import Daemon, everywhere, new_folder, write
from tests.netns.topology import Host

USER = "alice"
PASSWORD = "open sesame"
FILE, CONTENT = "health.txt", "the service is healthy\n"

_VSFTPD_CONF = """
background=NO
listen=NO
listen_ipv6=YES
listen_port={port}
anonymous_enable={anonymous}
local_enable=YES
guest_enable=YES
guest_username=ftp
anon_root={folder}/files
local_root={folder}/files
secure_chroot_dir={folder}/empty
pam_service_name=vsftpd
seccomp_sandbox=NO
delay_failed_login=0
xferlog_enable=NO
log_ftp_protocol=NO
dual_log_enable=NO
vsftpd_log_file=/dev/null
"""
_PAM = """
auth required pam_exec.so quiet expose_authtok {folder}/judge
auth required pam_permit.so
account required pam_permit.so
"""
_JUDGE = f"""#!/bin/sh
[ "$PAM_USER" = "{USER}" ] && [ "$(tr -d '\\000')" = "{PASSWORD}" ]
"""


def vsftpd(host: Host, addresses: Sequence[str], port: int = 21, anonymous: bool = True) -> Daemon:
    """Return vsftpd, which gives FILE to USER with PASSWORD; it listens on the wildcard address of both families."""
    folder = new_folder("vsftpd")
    write(folder / "files" / FILE, CONTENT)
    (folder / "files").chmod(0o555)  # vsftpd refuses a root that can be written to
    (folder / "empty").mkdir()
    write(folder / "pam.d" / "vsftpd", _PAM.format(folder=folder))
    write(folder / "judge", _JUDGE, mode=0o755)
    text = _VSFTPD_CONF.format(folder=folder, port=port, anonymous="YES" if anonymous else "NO")
    configuration = write(folder / "vsftpd.conf", text)
    daemon = Daemon(host, ["vsftpd", str(configuration)], folder, [(folder / "pam.d", "/etc/pam.d")])
    return daemon.wait_until(everywhere(addresses, [port], b"220 "))
