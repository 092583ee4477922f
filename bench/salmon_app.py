"""Baseline: the same job on Salmon, tuned: a tiny app, one SQLite connection, the relay's connection kept.

`python bench/salmon_app.py PORT RELAY_PORT DATABASE`, run by the Python of a virtual environment that has salmon-mail;
the database is days_work's. State and history are durable before the 250, the answer is never retried.
"""

import logging
import smtplib
import sqlite3
import sys
from typing import Any

from salmon import server
from salmon.routing import Router, route, stateless

_state: dict[str, Any] = {}


@route("(number)@(host)", number=r"\d+", host=r".+")
@stateless
def ANSWER(message: Any, number: str = "", host: str = "") -> None:
    text = message.body() or ""
    conn, relay = _state["conn"], _state["relay"]
    (partner,) = conn.execute("SELECT partner FROM claims WHERE id = ?", (int(number),)).fetchone()
    state = "declined" if "decline" in text.lower() else "asked"
    conn.execute("UPDATE claims SET state = ?, version = version + 1 WHERE id = ?", (state, int(number)))
    entry = (int(number), message["From"], message["Subject"], text)
    conn.execute("INSERT INTO history (claim_id, sender, subject, text) VALUES (?, ?, ?, ?)", entry)
    conn.commit()
    subject = f"Claim {number} is {state}"
    answer = server.mail.MailResponse(To=partner, From=f"{number}@{host}", Subject=subject, Body=f"He wrote:\n\n{text}")
    relay.deliver(answer)


class KeptRelay(server.Relay):
    """Salmon's relay, but the connection stays."""

    kept: smtplib.SMTP | None = None

    def deliver(self, message: Any, To: str | None = None, From: str | None = None) -> None:  # noqa: N803
        if self.kept is None:
            self.kept = self.configure_relay(self.hostname)
        self.kept.sendmail(From or message["From"], To or message["To"], str(message))


def main(port: int, relay_port: int, database: str) -> None:
    logging.disable(logging.CRITICAL)
    conn = sqlite3.connect(database, check_same_thread=False)
    conn.execute("PRAGMA synchronous=FULL")
    _state.update(conn=conn, relay=KeptRelay("127.0.0.1", relay_port))
    Router.load(["__main__"])
    receiver = server.SMTPReceiver("127.0.0.1", port)
    receiver.start()
    receiver.poller.join()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
