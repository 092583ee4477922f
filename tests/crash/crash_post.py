"""The senders: a few threads that hand mails to the service and do not give up before they hear 250.

What they were told is the truth the run is measured by: a mail that heard 250 must be stored, byte for byte.
"""

import hashlib
import queue
import random
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """A mail on its way to the service."""

    mail_from: str
    rcpt: str
    raw: bytes

    @property
    def mark(self) -> tuple[str, str]:
        """What it can be found by."""
        return hashlib.sha256(self.raw).hexdigest(), self.rcpt


class Post:
    """The threads, their queue and what they were told."""

    def __init__(self, port: int, seed: int, write: Callable[[], Job | None], threads: int = 4) -> None:
        self._port = port
        self._write = write
        self._seed = seed
        self.queue: queue.Queue[Job] = queue.Queue()
        self.acknowledged: Counter[tuple[str, str]] = Counter()
        self.sizes: dict[tuple[str, str], int] = {}
        self.refused: list[str] = []
        self.attempts = 0
        self.busy = 0
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def idle(self) -> bool:
        """Whether everything was handed over."""
        return self.queue.empty() and self.busy == 0

    def close(self) -> None:
        self._ending.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(30)

    def _run(self, number: int) -> None:
        chance = random.Random(self._seed * 100 + number)
        line: smtplib.SMTP | None = None
        while not self._ending.is_set():
            job = self._next()
            if job is None:
                time.sleep(0.01)
                continue
            while not self._ending.is_set():
                line, done = self._hand_over(line, job)
                if done:
                    break
                time.sleep(0.05)
            # The same bytes once more: a relay in between may have lost our answer.
            if chance.random() < 0.1:
                self.queue.put(job)
            with self._lock:
                self.busy -= 1
        if line is not None:
            line.close()

    def _next(self) -> Job | None:
        with self._lock:
            self.busy += 1
            try:
                return self.queue.get_nowait()
            except queue.Empty:
                job = self._write()
                self.busy -= job is None
                return job

    def _hand_over(self, line: smtplib.SMTP | None, job: Job) -> tuple[smtplib.SMTP | None, bool]:
        """One attempt; whether it ended for good."""
        self.attempts += 1
        try:
            if line is None:
                line = smtplib.SMTP("127.0.0.1", self._port, local_hostname="peer.test", timeout=_PATIENCE)
                line.ehlo()
            line.sendmail(job.mail_from, [job.rcpt], job.raw)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            codes = error.recipients.values() if isinstance(error, smtplib.SMTPRecipientsRefused) else [error.args]
            code = next(iter(codes))[0]
            if line is not None:
                line.close()
            if 500 <= int(code) < 600:
                with self._lock:
                    self.refused.append(f"{job.rcpt}: {error}")
                return None, True
            return None, False
        except (smtplib.SMTPException, OSError, ValueError):
            if line is not None:
                line.close()
            return None, False
        with self._lock:
            self.acknowledged[job.mark] += 1
            self.sizes[job.mark] = len(job.raw)
        return line, True
