"""Makes importable what the pages speak of: the scripts beside them, and the engine's house."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests" / "engine")]
