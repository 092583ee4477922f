"""What reading a mail costs in CPU time, beside what the standard library takes to parse, decode and hash it.

`python bench/reading.py [ROUNDS]` prints the machine, the command and a table; medians over ROUNDS readings (300), and
the median over the languages. The ratio is taken in turns on the same machine, so it means the same on every other.
Asserts nothing.
"""

import base64
import email
import hashlib
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.policy import default
from importlib.metadata import version

from mailbot.inbound.interpret import interpret
from mailbot.inbound.interpretation import Envelope, Keys

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKEN = "r" + "abcdefgh" * 4
KEYS = Keys(domain="mail.example", own_addresses=("claims@mail.example",))
ENVELOPE = Envelope(
    mail_from="jana@customer.example", rcpt=f"{TOKEN}@mail.example", peer="192.0.2.1", helo="mx", received_at=NOW
)
_TRACE = "".join(
    f"Received: from mx{hop}.customer.example (mx{hop}.customer.example [192.0.2.{hop}])\r\n"
    f"\tby mail.example with ESMTPS id {hop}abc; Mon, 2 Mar 2026 09:00:0{hop} +0000\r\n"
    for hop in range(1, 4)
)
_HEAD = (
    f"{_TRACE}DKIM-Signature: v=1; a=rsa-sha256; d=customer.example; s=s1; h=from:to:subject;\r\n"
    f"\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b={'A' * 300}\r\n"
    f"From: Jana =?utf-8?q?Nov=C3=A1kov=C3=A1?= <jana@customer.example>\r\nTo: Claims office <{TOKEN}@mail.example>\r\n"
    "Subject: Re: Your association with Fabrikam\r\nMessage-ID: <1@customer.example>\r\n"
    f"In-Reply-To: <{TOKEN}@mail.example>\r\nReferences: <{TOKEN}@mail.example>\r\n"
    "Date: Mon, 2 Mar 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
)
_WORDS = {
    "en": "Hello,\n\nwe have no objections to this association at all.\nThe project went well.\n\nBest regards\nJana",
    "cs": "Dobrý den,\n\ns tímto přidružením nesouhlasíme.\nProsím zrušte je.\n\nS pozdravem\nJana Nováková",
    "pl": "Dzień dobry,\n\nnie mamy zastrzeżeń do tego skojarzenia.\n\nPozdrawiam\nJana",
    "hu": "Tisztelt Iroda!\n\nMit jelent ez pontosan a cégünk számára?\n\nÜdvözlettel\nJana",
    "zh-TW": "您好,\n\n我們沒有異議。\n\n謝謝\nJana",
}
_QUOTED = "Fabrikam says that it helped your company with this product and asks to see how it is used."


def reply(language: str, size: int = 4096) -> bytes:
    """A plain reply with the quoted notice below it, `size` octets long."""
    head = f"{_HEAD}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    said = f"{_WORDS[language]}\n\nOn Mon, 2 Mar 2026 at 9:00, Claims office <{TOKEN}@mail.example> wrote:\n"
    start = (head + said.replace("\n", "\r\n")).encode()
    line = f"> {_QUOTED}\r\n".encode()
    return start + line * ((size - len(start)) // len(line))


def html_reply() -> bytes:
    """The same in HTML, cut by the container of a web client."""
    said = "".join(f"<div>{line or '<br>'}</div>" for line in _WORDS["en"].split("\n"))
    quote = "".join(f"<p style='margin:0'>{_QUOTED}</p>" for _ in range(14))
    body = f"{said}<div class='gmail_quote'><div>On Monday wrote:</div><blockquote>{quote}</blockquote></div>"
    return f"{_HEAD}Content-Type: text/html; charset=utf-8\r\n\r\n{body}".encode()


def with_file(size: int) -> bytes:
    """A reply with one picture of `size` octets."""
    head = f"{_HEAD}Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\n"
    part = "See attached.\r\n--cut\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n"
    part += "Content-Disposition: attachment; filename=page.jpg\r\n\r\n"
    content = b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(size)
    return (head + part).encode() + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--cut--\r\n"


def by_library(raw: bytes) -> None:
    """What anybody has to do with a mail at the least: parse it, decode every part, hash it."""
    message = email.message_from_bytes(raw, policy=default)
    for part in message.walk():
        if not part.is_multipart():
            hashlib.sha256(part.get_payload(decode=True)).digest()


def milliseconds(rounds: int, *calls: Callable[[], object]) -> list[float]:
    """The median CPU time of each call, taken in turns."""
    spent: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, times in zip(calls, spent, strict=True):
            began = time.process_time_ns()
            call()
            times.append((time.process_time_ns() - began) / 1e6)
    return [statistics.median(times) for times in spent]


def measured(name: str, raw: bytes, rounds: int) -> tuple[float, float]:
    """Prints the line of one mail; what it costs us and the library."""
    for _ in range(5):
        interpret(raw, ENVELOPE, KEYS, NOW)
    ours, theirs = milliseconds(max(rounds, 5), lambda: interpret(raw, ENVELOPE, KEYS, NOW), lambda: by_library(raw))
    print(f"{name:<20}{len(raw):>10}{ours:>15.3f}{theirs:>13.3f}{ours / theirs:>8.2f}")
    return ours, theirs


def main(rounds: int) -> None:
    print(f"Python {platform.python_version()}, lxml {version('lxml')}, {platform.machine()}; {rounds} rounds")
    print(f"$ python bench/reading.py {rounds}\n")
    print(f"{'mail':<20}{'octets':>10}{'interpret ms':>15}{'library ms':>13}{'ratio':>8}")
    costs = [measured(f"reply, {language}", reply(language), rounds) for language in _WORDS]
    ours = statistics.median(ours for ours, _ in costs)
    ratio = statistics.median(ours / theirs for ours, theirs in costs)
    print(f"{'median of languages':<30}{ours:>15.3f}{ratio:>21.2f}")
    measured("reply, en, 64 KB", reply("en", 65536), rounds // 5)
    measured("reply, HTML", html_reply(), rounds)
    measured("file of 1 MB", with_file(1_000_000), rounds // 10)


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["300"])[0]))
