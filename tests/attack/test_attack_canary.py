"""Secrets and people stay out of logs, metrics and error answers (security item 40).

A story is played to the real process: mails, pages, the API, then a database that breaks under it. Afterwards every
token it made, every address, body, key and password is searched for in all that it wrote to its log and answered.
"""

import base64
import re
import smtplib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from cli_home import CONFIG, PDF, PEOPLE, Home
from cli_service import Service, until

PERSON = "canary.petra@canary-firm.example"
CUSTOMER = "canary.jana@canary-customer.example"
SUBJECT, BODY, FILE = "canarysubject5501", "canarybody7731", "canaryfile8842"
FORM = f"""Name: {BODY}
Location: 4567890
Tenant: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
Tenant domain: canary-customer.example
Solution area: modern_work_security
Activity: usage
Product: teams
Customer name: Jana
Customer title: CIO
Customer email: {CUSTOMER}
Customer country: CZ
"""
TOKEN = re.compile(r"(?<![A-Za-z0-9])[rbcpu][a-z2-7]{32}(?![A-Za-z0-9])")


@pytest.fixture(params=["console", "json"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    # The log says where it listens in both forms; only one of them is JSON.
    config = CONFIG.replace('format = "json"', f'format = "{request.param}"')
    it = Home(tmp_path, config)
    people = PEOPLE.replace("petr@fabrikam.example", PERSON).replace('["fabrikam.example"]', '["canary-firm.example"]')
    (tmp_path / "people.toml").write_text(people)
    return it


def letter(words: str, to: str, sender: str = PERSON) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, SUBJECT
    message["Message-ID"] = f"<{abs(hash(words))}@canary-firm.example>"
    message.set_content(words)
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename=f"{FILE}.pdf")
    return message.as_bytes()


@contextmanager
def serving(home: Home) -> Iterator[tuple[Service, int, str]]:
    """A running service and where it listens, read from its log in either form."""
    service = Service(home, home.folder / "service.log")
    try:
        until(lambda: b"started" in service._log.read_bytes() or service.process.poll() is not None, "it started")
        yield service, *doors(service._log.read_text())
    finally:
        if service.process.poll() is None:
            service.kill()


def doors(text: str) -> tuple[int, str]:
    """The ports in the log's first happening."""
    smtp = re.search(r"smtp\W+127\.0\.0\.1:(\d+)", text)
    http = re.search(r"http\W+(127\.0\.0\.1:\d+)", text)
    assert smtp, text
    assert http, text
    return int(smtp[1]), f"http://{http[1]}"


def sent(home: Home) -> str:
    return "\n".join(p.read_text(errors="replace") for p in (home.folder / "var/sent").rglob("*") if p.is_file())


def tokens_of(home: Home) -> set[str]:
    """Every signed address and link that left, quoted-printable undone."""
    return set(TOKEN.findall(sent(home).replace("=\n", "")))


def speak(port: int, home: Home) -> None:
    """Good mail, refused mail, and commands that are none, all of them with canaries in them."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail(PERSON, ["claims@mail.test"], letter(FORM, "claims@mail.test"))
        client.docmd("RCPT", f"TO:<{CUSTOMER}>")
        client.docmd("MAIL", f"FROM:<{PERSON}> {BODY}")
        client.docmd(BODY, CUSTOMER)
    until(lambda: bool(tokens_of(home)), "it answered")
    token = sorted(t for t in tokens_of(home) if t.startswith("r"))[0]
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail(PERSON, [f"{token}@mail.test"], letter(f"dispute: {BODY}", f"{token}@mail.test"))
        client.mail(PERSON)
        client.rcpt(f"{token[:-1]}2@mail.test")
        client.docmd("DATA", token)


def browse(url: str, key: str, home: Home) -> Iterator[httpx.Response]:
    """Answers to visitors who are refused or make the service fail; none may repeat what is not theirs."""
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        yield http.get("/metrics")
        yield http.get("/healthz")
        yield http.get("/readyz")
        yield http.get("/api/v1/claims", headers={"authorization": f"Bearer {key[::-1]}"})
        yield http.get("/api/v1/claims/CLM-222222", headers=headers)
        yield http.get("/api/v1/claims?sort=evil", headers=headers)
        for token in sorted(tokens_of(home)):
            yield http.get(f"/{'p' if token[0] == 'c' else 'c'}/{token}")
            yield http.post(f"/c/{token}/decline", data={"nonce": "x"}) if token[0] != "c" else http.get("/nowhere")
        yield http.post("/login", data={"email": PERSON})


def broken(url: str, key: str, home: Home, port: int) -> Iterator[httpx.Response]:
    """The same visitors once tables are gone: every answer is a fault of ours, with its traceback in the log."""
    with closing(sqlite3.connect(home.database)) as conn:
        for table in ("persons", "api_keys", "address_claims"):
            conn.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")
        conn.commit()
    with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail(PERSON, ["claims@mail.test"], letter(FORM + BODY, "claims@mail.test"))
    headers = {"authorization": f"Bearer {key}"}
    # A database that breaks may end the process; then nobody answers any more, and that is an answer too.
    with suppress(httpx.TransportError), httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        for token in sorted(tokens_of(home))[:6]:
            yield http.get(f"/{token[0]}/{token}")
        yield http.get("/api/v1/claims", headers=headers)
        yield http.post("/login", data={"email": PERSON})


def test_no_token_address_body_or_secret_reaches_a_log_a_metric_or_an_error(home: Home) -> None:
    home.with_people()
    key = home.done("key", "create", "--role", "admin").strip()
    with serving(home) as (service, port, url):
        speak(port, home)
        answers = list(browse(url, key, home))
        answers += broken(url, key, home, port)
    assert [r.status_code for r in answers if r.status_code >= 500], "nothing failed"
    log = service._log.read_text()
    assert "Traceback" in log
    written = {
        "log": log,
        **{f"{r.request.method} {r.request.url.path[:4]} {n}": r.text for n, r in enumerate(answers)},
    }
    keys = (home.folder / "var/keys.toml").read_text()
    secrets = re.findall(r'secret\s*=\s*"([^"]+)"', keys)
    assert secrets
    canaries = {PERSON, CUSTOMER, "canary.petra", "canary.jana", SUBJECT, BODY, FILE, key, *secrets, *tokens_of(home)}
    canaries |= {base64.b64encode(BODY.encode()).decode()}
    found = {(where, canary) for where, text in written.items() for canary in canaries if canary in text}
    assert found == set()
