"""Checks an evidence bundle with nothing but Python: `python3 check.py`, in the folder where it was unpacked.

It recomputes the digest of every file, every link of the history, and whether each event that came by mail has that
mail here. It needs no mailbot and no network, and changes nothing. Exit code 0 when all of it holds.
"""

import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any


def digests(folder: Path) -> list[str]:
    """Files that are missing, altered, or that nobody listed."""
    listed = {}
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    faults = [f"{name}: is missing" for name in sorted(listed.keys() - there)]
    faults += [f"{name}: is not listed" for name in sorted(there - listed.keys())]
    for name in sorted(there & listed.keys()):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != listed[name]:
            faults.append(f"{name}: was altered")
    return faults


def history(links: list[dict[str, Any]]) -> list[str]:
    """Links that do not follow from the one before, or whose personal part is not the one that was written."""
    faults = []
    before = hashlib.sha256(b"mailbot.history.v1|" + links[0]["claim_id"].encode()).digest() if links else b""
    for number, link in enumerate(links, start=1):
        names = ("claim_id", "event_id", "at", "kind", "channel", "inbox_id", "public")
        text = _canonical([link[name] for name in names])
        bound = bytes.fromhex(link["commitment"])
        expected = hashlib.sha256(before + link["seq"].to_bytes(8, "big") + text + bound).digest()
        if link["seq"] != number or expected.hex() != link["hash"]:
            faults.append(f"history {number}: does not follow from the link before")
        if link["salt"] is not None:
            own = hmac.digest(bytes.fromhex(link["salt"]), _canonical([link["actor"], link["private"]]), "sha256")
            if own != bound:
                faults.append(f"history {number}: its personal part was changed")
        before = bytes.fromhex(link["hash"])
    return faults


def mails(folder: Path, links: list[dict[str, Any]]) -> list[str]:
    """Events that came by a mail which is not here."""
    wanted = {link["inbox_id"] for link in links if link["inbox_id"] is not None}
    return [f"received/{i}.json: is missing" for i in sorted(wanted) if not (folder / f"received/{i}.json").is_file()]


def main(folder: Path) -> int:
    """Prints what is wrong, else what was checked."""
    links = [json.loads(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    faults = digests(folder) + history(links) + mails(folder, links)
    for fault in faults:
        print(fault)
    if not faults:
        print(
            f"{len(links)} events follow from one another; the last has the hash {links[-1]['hash'] if links else '-'}"
        )
    return 1 if faults else 0


def _canonical(value: list[Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode("ascii")


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
