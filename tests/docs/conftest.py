"""Makes importable what the pages speak of: the scripts beside them, the engine's house, installations."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("docs", "tests/engine", "tests/cli", "tests/crash")]
