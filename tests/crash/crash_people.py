"""The people of the harness: they claim, answer, ask, approve, accept and decline, and some write twice.

Everything they write follows from the seed and from what reached them. Each mail is worded anew, so that a repetition
is one because its bytes are sent again.
"""

import email
import email.policy
import random
import threading
import time
from email.message import EmailMessage
from pathlib import Path

from crash_house import DOMAIN, LOCATIONS, OFFICE, PARTNERS, REVIEWERS
from crash_post import Job

from mailbot.demo.cast import Person
from mailbot.demo.letters import bounce_of, inline_reply, new_mail, reply
from mailbot.demo.outside import Letter
from mailbot.demo.pdf import pdf

_CLAIM = """Name: Roll-out {number}
Location: {location}
Tenant: {tenant}
Tenant domain: customer{customer}.example
Solution area: Microsoft 365
Activity: Usage
Product: {product}
Customer name: Customer {customer}
Customer title: CIO
Customer email: boss@customer{customer}.example
Customer country: CZ
"""
_REVIEWS = (
    ("approve contact: page 1 of protocol {n}", 60),
    ("ask missing_customer_ack: Who signed page {n}?", 25),
    ("comment: seen {n}", 10),
    ("reject insufficient_poe: page {n} is blank", 8),
    ("start", 5),
)
_PARTNER = (
    ("comment: note {n}", 40),
    ("The work was done in March, see page {n}.", 40),
    ("dispute: page {n} shows it", 10),
    ("status", 5),
    ("disassociate: we stop {n}", 3),
)
_CUSTOMER = (
    ("No, we do not agree. Please do not share our data. ({n})", 35),
    ("Yes, I agree. ({n})", 35),
    ("What is this about? ({n})", 20),
    ("Thanks ({n})", 10),
)

_NOTE = """From: {sender}
To: {to}
Subject: Re: note {number}
Message-ID: <{name:x}@outside.example>

comment: a further note, {number}
"""

# Of the moments in which nobody has anything to say, each a hundredth of a second long.
_STRANGERS = 0.05


class People:
    """Who writes. `pace` is how many claims a second are made, after a first dozen."""

    def __init__(self, seed: int, pace: float) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._pace = pace
        self._began = time.monotonic()
        self._numbers = 0
        self._tenants: list[tuple[str, int]] = []
        self._seen: set[str] = set()
        self._answers: list[Job] = []
        self._threads: list[tuple[str, str]] = []
        self.quiet = False
        self.pressed = False  # a backlog is being worked off: nobody starts anything new
        self.surge = 0  # how many notes partners write at once, each to a claim they know

    def letter(self, mail_from: str, rcpt: str, raw: bytes) -> None:
        """A mail of the service reached somebody, who may answer."""
        with self._lock:
            if self.quiet or not mail_from or len(self._answers) > 100:
                return
            message = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            letter = Letter(mail_from, rcpt, message, Path())
            if rcpt in PARTNERS and not letter.reply_to.startswith("claims@"):
                self._threads.append((rcpt, letter.reply_to))
            seen_twice = str(message["Message-ID"]) in self._seen
            self._seen.add(str(message["Message-ID"]))
            if seen_twice or self._random.random() < 0.35:
                return
            job = self._answer(letter)
            if job is not None:
                self._answers.append(job)

    def write(self) -> Job | None:
        """The next mail somebody has in mind, if anybody has."""
        with self._lock:
            if self._answers:
                return self._answers.pop(self._random.randrange(len(self._answers)))
            if self.quiet:
                return None
            if self.surge and self._threads:
                self.surge -= 1
                return self._note()
            if self.pressed:
                return None
            if len(self._tenants) < 12 + self._pace * (time.monotonic() - self._began):
                return self._claim()
            return self._stranger() if self._random.random() < _STRANGERS * self._pace else None

    def _claim(self) -> Job:
        partner, number = self._random.choice(PARTNERS), self._number()
        if self._tenants and self._random.random() < 0.15:
            tenant, customer = self._random.choice(self._tenants)
        else:
            tenant, customer = f"11111111-2222-3333-4444-{number:012d}", number
        self._tenants.append((tenant, customer))
        text = _CLAIM.format(
            number=number,
            location=LOCATIONS[partner.partition("@")[2]],
            tenant=tenant,
            customer=customer,
            product=self._random.choice(("Teams", "Exchange Online")),
        )
        to = f"claims@{DOMAIN}"
        mail = new_mail(_person(partner), to, f"New claim {number}", text, [(f"proof{number}.pdf", self._file(number))])
        return self._job(partner, to, mail)

    def _note(self) -> Job:
        """Written without ceremony: hundreds of them should cost the service time, not us."""
        (sender, to), number = self._random.choice(self._threads), self._number()
        text = _NOTE.format(sender=sender, to=to, number=number, name=self._random.getrandbits(64))
        return Job(sender, to, text.replace("\n", "\r\n").encode("ascii"))

    def _stranger(self) -> Job:
        number, to = self._number(), f"postmaster@{DOMAIN}"
        mail = new_mail(_person("else@stranger.example"), to, f"Question {number}", f"Hello, question {number}?")
        return self._job("else@stranger.example", to, mail)

    def _answer(self, letter: Letter) -> Job | None:
        person, number = _person(letter.rcpt), self._number()
        if letter.rcpt in REVIEWERS:
            return self._job(letter.rcpt, letter.reply_to, reply(person, letter, self._says(_REVIEWS, number)))
        if letter.rcpt in OFFICE:
            return None
        if letter.rcpt in PARTNERS:
            return self._partner(letter, person, number)
        if self._random.random() < 0.05:
            report = bounce_of(letter.rcpt, letter.mail_from, letter.message)
            report["Message-ID"] = f"<{number}@outside.example>"
            return self._job("", letter.mail_from, report)
        return self._job(letter.rcpt, letter.reply_to, reply(person, letter, self._says(_CUSTOMER, number)))

    def _partner(self, letter: Letter, person: Person, number: int) -> Job:
        files = [(f"more{number}.pdf", self._file(number))] if self._random.random() < 0.5 else []
        if "1)" in letter.text:
            mail = inline_reply(person, letter, {1: f"It was page {number}."}, files)
        else:
            mail = reply(person, letter, self._says(_PARTNER, number), files)
        return self._job(letter.rcpt, letter.reply_to, mail)

    def _says(self, table: tuple[tuple[str, int], ...], number: int) -> str:
        text = self._random.choices([text for text, _ in table], [weight for _, weight in table])[0]
        return text.format(n=number)

    def _file(self, number: int) -> bytes:
        """Mostly small; some go into a file of their own, a few through the spool."""
        filler = self._random.choices((0, 90_000, 400_000), (70, 18, 12))[0]
        return pdf([f"Protocol {number}"]) + b"%" + self._random.randbytes(filler // 2).hex().encode() + b"\n"

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _job(self, mail_from: str, rcpt: str, mail: EmailMessage) -> Job:
        if not mail["Message-ID"]:
            mail["Message-ID"] = f"<{self._random.getrandbits(64):x}@outside.example>"
        return Job(mail_from, rcpt, mail.as_bytes(policy=email.policy.SMTP))


def _person(address: str) -> Person:
    return Person(address.partition("@")[0].title(), address)
