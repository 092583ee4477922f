"""What a reader process may not do: the limits it puts on itself before it reads its first mail.

Best effort where the kernel decides (namespaces need a right or a setting); the resource limits always hold. Linux
only in part: elsewhere what is missing is left out.
"""

import contextlib
import ctypes
import os
import resource
import signal
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38


def enter(memory: int) -> None:
    """Gives up network, core dumps, new programs and file writing; allows `memory` bytes more than are in use now."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if library.unshare(_CLONE_NEWNET) != 0:
            library.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, _address_space() + memory)


def allow_processor(seconds: float) -> None:
    """Allows one more task so many seconds of processor time, to the hundredth; then SIGPROF ends the process.

    RLIMIT_CPU knows whole seconds only, so a mail could have cost one more than was promised.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (allowed, allowed))


def _address_space() -> int:
    """Bytes of address space in use: libraries map far more than they touch."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 512 * 2**20
    return pages * os.sysconf("SC_PAGE_SIZE")
