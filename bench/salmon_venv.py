"""Where Salmon comes from: the package index, into a virtual environment of its own beside the bench, made once."""

import subprocess
import sys
from pathlib import Path

_VENV = Path(__file__).parent / ".salmon"
_PACKAGE = "salmon-mail==3.3.0"


def interpreter() -> Path | None:
    """A Python that can import salmon, or None when it cannot be installed here."""
    python = _VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_VENV)], check=True)
    if not _knows(python):
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", _PACKAGE], capture_output=True)
    return python if _knows(python) else None


def _knows(python: Path) -> bool:
    return subprocess.run([str(python), "-c", "import salmon.server"], capture_output=True).returncode == 0
