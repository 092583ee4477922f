"""The recipe in deploy/postfix, taken as it is into a real Postfix on loopback with our listener behind it."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dmarc_milter import AUTHSERV_ID, DmarcMilter, filtering
from smtp_bench import DOMAIN, TOKEN, TOKENS, Bench, Peer, start_bench, until

from bench import postfix
from bench.processes import Child
from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Envelope, Interpretation, Keys

pytestmark = pytest.mark.skipif(postfix.absent() != "", reason=postfix.absent())

RECIPE = Path(__file__).resolve().parents[2] / "deploy/postfix/main.cf"
STRANGER = "127.0.0.9"
KEYS = Keys(domain=DOMAIN, trust=f"authserv-id:{AUTHSERV_ID}", tokens=TOKENS)


@dataclass
class Front:
    """Postfix with our listener behind it and a filter beside it."""

    outer: Child
    inner: Bench
    milter: DmarcMilter

    async def peer(self) -> Peer:
        """A stranger's server that talks to Postfix."""
        line = await asyncio.open_connection("127.0.0.1", self.outer.port, local_addr=(STRANGER, 0))
        peer = Peer(*line)
        self.inner.peers.append(peer)
        return await peer.hello()

    async def arrived(self, number: int) -> Interpretation:
        """What we read in the mail of that number, once it has come through."""
        kept = self.inner.store.kept
        await until(lambda: len(kept) >= number)
        mail = kept[number - 1]
        envelope = Envelope(
            mail_from=mail.mail_from,
            rcpt=mail.recipients[0].address,
            peer=mail.peer,
            helo=mail.helo,
            received_at=mail.received_at,
            upstream=mail.upstream,
        )
        return interpret(self.inner.store.contents[number - 1], envelope, KEYS, mail.received_at)


@pytest.fixture
def home() -> Iterator[Path]:
    # The user postfix has to get in, which pytest's own folders do not let it.
    folder = Path(tempfile.mkdtemp(prefix="mailbot-postfix-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def front(home: Path, tmp_path: Path) -> AsyncIterator[Front]:
    inner = await start_bench(tmp_path / "spool", upstream=["127.0.0.1"], max_message_bytes=36 * 2**20)
    async with filtering() as milter:
        lines = RECIPE.read_text(encoding="utf-8").replace("mail.example.com", DOMAIN)
        lines = lines.replace(":8025", f":{inner.address[1]}").replace(":8893", f":{milter.port}")
        outer = await asyncio.to_thread(postfix.start, home, f"{lines}\nmydestination =\nmynetworks = 127.0.0.1/32\n")
        yield Front(outer, inner, milter)
        await asyncio.to_thread(outer.stop)
    await inner.stop()


def letter(*results: str) -> bytes:
    fields = [f"Authentication-Results: {result}" for result in results]
    fields += [
        "From: Petr <petr@fabrikam.example>",
        "Subject: Re: claim",
        "Message-ID: <1@fabrikam.example>",
        "",
        "1) yes",
        "",
    ]
    return "\r\n".join(fields).encode()


async def test_what_the_recipe_promises(front: Front) -> None:
    """One Postfix for all: it takes two seconds to start and to ask for the first time."""
    peer = await front.peer()
    assert "SIZE 37748736" in await peer.say("EHLO far.test")
    assert (await peer.say("MAIL FROM:<petr@fabrikam.example> SIZE=40000000")).startswith("552 5.3.4")
    await peer.say("RSET")
    assert (await peer.say("MAIL FROM:<petr@fabrikam.example>")).startswith("250")

    # An unknown address and a foreign domain are refused in the outer session, not bounced afterwards.
    assert (await peer.say(f"RCPT TO:<nobody@{DOMAIN}>")).startswith("550")
    assert (await peer.say("RCPT TO:<somebody@elsewhere.test>")).startswith("554 5.7.1")
    assert (await peer.say(f"RCPT TO:<{TOKEN}@{DOMAIN}>")).startswith("250")
    assert (await peer.say("DATA")).startswith("354")
    await peer.send(letter() + b".\r\n")
    assert (await peer.reply()).startswith("250")

    # The limits and the records see who brought it to Postfix; the filter's result counts.
    reading = await front.arrived(1)
    mail = front.inner.store.kept[0]
    assert (mail.peer, mail.helo, mail.upstream) == (STRANGER, "far.test", True)
    assert reading.sender.verdict == "aligned"

    # An address with something before a + comes through whole.
    assert (await peer.mail(letter(), f"office+{TOKEN}@{DOMAIN}")).startswith("250")
    await front.arrived(2)
    assert front.inner.store.kept[1].recipients[0].local_part == f"office+{TOKEN}"

    # What others wrote under our name is taken away, what they wrote under theirs says nothing.
    front.milter.verdict = "fail"
    forged = letter(f"{AUTHSERV_ID}; dmarc=pass header.from=fabrikam.example", "mx.elsewhere.test; dmarc=pass")
    assert (await peer.mail(forged)).startswith("250")
    assert (await front.arrived(3)).sender.verdict == "failed"
    assert f"{AUTHSERV_ID}; dmarc=pass".encode() not in front.inner.store.contents[2]
