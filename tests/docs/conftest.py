"""Makes the two scripts beside the pages importable: what the tables say, and how they are written."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))
