"""Makes importable what other rooms have: the name server, the signing of mail, the relay that can be told to fail."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "inbound_trust"), str(TESTS / "outbound"), str(TESTS / "cli")]
