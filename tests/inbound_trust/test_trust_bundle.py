"""The evidence bundle: everything about a claim in one archive that a stranger checks without us."""

import json
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import dkim
import pytest
from engine_house import CLAIM_FORM, DOMAIN, House, house
from trust_mail import key_record, signed

from mailbot.bundle import pack
from mailbot.inbound.interpretation import Authentication, Check, Envelope

LETTER = (
    "From: Petr <petr@fabrikam.example>\r\nTo: claims@mail.test\r\nSubject: New claim\r\n"
    "Message-ID: <1@fabrikam.example>\r\n\r\n" + CLAIM_FORM.replace("\n", "\r\n")
).encode()


async def passes(raw: bytes, envelope: Envelope) -> Authentication:
    check = Check(method="dkim", result="pass", domain="fabrikam.example", detail="s=k1", record=key_record())
    return Authentication(domain="fabrikam.example", result="pass", detail="dkim pass", checks=(check,))


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path / "house", verify=passes) as it:
        yield it


async def unpacked(home: House, claim_id: str, folder: Path) -> Path:
    claim = await home.claim(claim_id)
    async with home.store.read() as conn:
        found = await pack.contents(conn, claim, home.store.blobs)
    pack.write(folder / "bundle.tar", claim_id, found)
    with tarfile.open(folder / "bundle.tar") as tar:
        tar.extractall(folder, filter="data")
    return folder / claim_id


def check(folder: Path) -> tuple[int, str]:
    """As a stranger runs it: plain Python, nothing of ours to import."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", folder / "check.py"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


async def test_a_stranger_finds_every_mail_its_key_and_the_wording_as_it_was_shown(home: House, tmp_path: Path) -> None:
    raw = signed(LETTER)
    item = await home.arrives(raw, f"claims@{DOMAIN}", mail_from="petr@fabrikam.example")
    await home.settle()
    claim_id = (await home.item(item)).claim_id
    folder = await unpacked(home, claim_id, tmp_path)
    assert check(folder)[0] == 0, check(folder)[1]
    described = json.loads((folder / f"received/{item}.json").read_text())
    [seen] = [c["record"] for c in described["authentication"]["checks"] if c["method"] == "dkim"]
    kept = (folder / f"received/{item}.eml").read_bytes()
    assert kept == raw
    assert dkim.verify(kept, dnsfunc=lambda name, timeout=5: seen.encode())
    sent = [path.read_bytes() for path in (folder / "sent").glob("*.eml")]
    assert home.mails("petr@fabrikam.example")[-1].message.raw in sent


async def test_what_was_altered_missing_or_slipped_in_is_named(home: House, tmp_path: Path) -> None:
    folder = await unpacked(home, await home.submitted(), tmp_path)
    (folder / "claim.json").write_bytes(b"{}")
    (folder / "README.txt").unlink()
    (folder / "more.txt").touch()
    named = "README.txt: is missing\nmore.txt: is not listed\nclaim.json: was altered\n"
    assert check(folder) == (1, named)


async def test_a_link_of_the_history_that_was_rewritten_with_its_digest_is_named(home: House, tmp_path: Path) -> None:
    folder = await unpacked(home, await home.submitted(), tmp_path)
    file = folder / "history.jsonl"
    links = [json.loads(line) for line in file.read_text().splitlines()]
    links[1]["kind"] = "approved"
    file.write_text("".join(json.dumps(link) + "\n" for link in links))
    assert "history 2: does not follow from the link before" in check(folder)[1]
    links[0]["private"] = "{}"
    file.write_text("".join(json.dumps(link) + "\n" for link in links))
    assert "history 1: its personal part was changed" in check(folder)[1]


async def test_a_mail_that_caused_an_event_and_is_not_there_is_named(home: House, tmp_path: Path) -> None:
    folder = await unpacked(home, await home.submitted(), tmp_path)
    gone = next((folder / "received").glob("*.json"))
    gone.unlink()
    assert f"received/{gone.name}: is missing" in check(folder)[1]
