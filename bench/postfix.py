"""A private Postfix: own configuration, queue and data directories, loopback only, a high port.

The machine's own Postfix is not touched. Needs Debian's postfix and root. As the baseline it takes mail for one domain
into its queue on the disk and holds it there: the queue manager is kept out of it, and what is measured is accepting.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from bench.processes import Child, free_port

PROGRAM = "/usr/sbin/postfix"
_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.test
local_recipient_maps =
alias_maps =
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 100
maillog_file =
syslog_facility = local0
"""
HOLDING = """
mydestination = mail.test
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = static:HOLD
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
discard unix - - n - - discard
smtp unix - - n - - smtp
verify unix - - n - 1 verify
"""


def absent() -> str:
    """Why there is no Postfix to compare with, or nothing."""
    if not Path(PROGRAM).exists():
        return "postfix is not installed"
    return "" if os.geteuid() == 0 else "postfix needs root"


def start(home: Path, settings: str = HOLDING) -> Child:
    """A running instance below `home`, with lines for main.cf; folders above must be open for the user postfix."""
    for name in ("config", "queue", "data"):
        (home / name).mkdir(parents=True)
    owner = pwd.getpwnam("postfix")
    os.chown(home / "data", owner.pw_uid, owner.pw_gid)
    port = free_port()
    (home / "config/main.cf").write_text(_MAIN.format(home=home) + settings, encoding="utf-8")
    (home / "config/master.cf").write_text(_MASTER.format(port=port), encoding="utf-8")
    config = str(home / "config")
    subprocess.run([PROGRAM, "-c", config, "check"], check=True, capture_output=True)
    master = shutil.which("master", path="/usr/lib/postfix/sbin:/usr/libexec/postfix") or "master"
    return Child([master, "-c", config, "-d"], port, home / "master.log", {"MAIL_CONFIG": config})
