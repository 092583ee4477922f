"""Mutates the golden mails for as long as asked and reads each one: `python tests/inbound_mime/fuzz_mail.py 100000 7`.

Arguments: how many mails, and the seed (both optional). Ends with 1 at the first exception, reader fault, or mail that
takes over a second; the mail then lies in fuzz-found.eml beside the printed seed.
"""

import random
import sys
import time
from pathlib import Path

from mime_letters import read

SEEDS = [path.read_bytes()[:20_000] for path in sorted((Path(__file__).parent / "cases").glob("*.eml"))]
PIECES = [
    *(b"--", b"--x", b"\r\n\r\n", b"\r", b"\x00", b"=?utf-8?b?", b"?=", b"<", b">", b'"', b"@", b"(", b")", b"["),
    *(b"\xff\xfe", b"\xc3", b"\x1b$B", b"\xe2\x80\xae", b"> ", b"<a ", b"<!--", b"<blockquote>", b"&#", b"1) "),
    *(b"charset=utf-16", b"charset=iso-2022-jp", b"format=flowed; delsp=yes", b"; filename*0*=''%", b"From: "),
    *(b"Content-Type: multipart/report; boundary=x\r\n", b"Content-Type: message/rfc822\r\n"),
    *(b"Content-Type: text/html\r\n", b"Content-Transfer-Encoding: base64\r\n", b"Final-Recipient: rfc822;"),
    *(b"until 31.2.", b"%PDF-1.4\n", b"PK\x03\x04", b"\x78\x9f\x3e\x22", b"begin 644 a\r\n"),
]


def mutant(source: random.Random) -> bytes:
    """A golden mail, cut, doubled, crossed with another, or with dangerous pieces in it."""
    raw = source.choice(SEEDS)
    for _ in range(source.randint(1, 12)):
        start = source.randrange(len(raw) + 1)
        end = min(len(raw), start + source.randrange(60))
        other = source.choice(SEEDS)
        at = source.randrange(len(other) + 1)
        put = source.choice(
            (
                source.choice(PIECES),
                source.randbytes(source.randrange(8)),
                b"",
                other[at : at + 300],
                raw[start:end] * 20,
            )
        )
        raw = raw[:start] + put + raw[end:]
    return raw


def main(count: int, seed: int) -> int:
    source = random.Random(seed)
    slowest = 0.0
    read(SEEDS[0])  # loads the lexicons, which is no mail's fault
    for number in range(1, count + 1):
        raw = mutant(source)
        began = time.process_time()
        try:
            fault = read(raw).reason == "reader_fault"
        except Exception as error:
            print(f"mail {number} of seed {seed}: {error!r}")
            fault = True
        slowest = max(slowest, time.process_time() - began)
        if fault or slowest > 1:
            Path("fuzz-found.eml").write_bytes(raw)
            print(f"mail {number} of seed {seed}: {'fault' if fault else f'{slowest:.2f} s'}, see fuzz-found.eml")
            return 1
        if sys.stdout.isatty() and number % 1000 == 0:
            print(f"\r{number} mails, slowest {slowest * 1000:.0f} ms", end="", flush=True)
    print(f"{count} mails of seed {seed} read, slowest {slowest * 1000:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(int((sys.argv[1:2] or ["100000"])[0]), int((sys.argv[2:3] or ["1"])[0])))
