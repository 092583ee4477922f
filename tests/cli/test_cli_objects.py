"""The service with its large files in object storage: an outage is 451 to the sender, and everything else goes on."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from bucket_here import Bucket, bucket_here
from cli_home import CONFIG, Home
from cli_service import serving, until

PETR, CLAIMS = "petr@fabrikam.example", "claims@mail.test"
EVIDENCE = b"%PDF-1.4\n" + b"%" * 90_000


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with bucket_here() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, bucket: Bucket) -> Home:
    made = Home(tmp_path, CONFIG + '[blobs]\nurl = "s3://evidence/mailbot"\n')
    made.environment = bucket.environment
    made.done("init")
    return made.with_people()


def _large() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = PETR, CLAIMS, "help"
    message.set_content("help")
    message.add_attachment(EVIDENCE, maintype="application", subtype="pdf", filename="protocol.pdf")
    return message.as_bytes()


def test_a_large_mail_waits_for_the_bucket_and_is_saved_from_it(home: Home, bucket: Bucket) -> None:
    with serving(home) as service, smtplib.SMTP("127.0.0.1", service.smtp_port, timeout=20) as client:
        bucket.fails_with = 403
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(PETR, [CLAIMS], _large())
        assert refused.value.smtp_code == 451
        bucket.fails_with = None
        client.sendmail(PETR, [CLAIMS], _large())
        until(lambda: bool(home.json("outbox", "list")), "it was read and answered")
        assert home.done("verify") == "everything is as it was written\n"
    assert [key.split("/")[0] for key in bucket.objects] == ["mailbot"]
    assert not (home.folder / "var/blobs").exists()
    words = home.folder / "words"
    words.write_text("correct horse battery\n")
    saved = home.done("backup", home.folder / "saved.tar", "--passphrase-file", words)
    assert "1 large files" in saved
    bucket.objects.clear()
    assert "cannot be read" in home.refused("backup", home.folder / "again.tar", "--passphrase-file", words)
    home.done("restore", home.folder / "saved.tar", "--replace", "--passphrase-file", words)
    assert home.done("verify") == "everything is as it was written\n"


def test_the_doctor_tries_every_right_on_the_bucket(home: Home, bucket: Bucket) -> None:
    findings = {f["area"]: f for f in home.json("doctor")}
    assert findings["blobs"]["level"] == "ok"
    bucket.fails_with = 403
    result = home.run("doctor")
    assert result.exit_code == 1
    assert "s3://evidence/mailbot: the object storage refuses us" in result.output
