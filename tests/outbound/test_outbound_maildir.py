"""The local mail drop: complete files, readable names, the same mail once."""

from pathlib import Path

import pytest

from mailbot.outbound.maildir import MaildirTransport
from mailbot.outbound.transport import Message, TemporaryFailure

MAIL = Message(
    "b1@mail.example", "jana@customer.example", b"Subject: x\r\n\r\nHello.\r\n", "000012-consent_prompt-jana"
)


async def test_a_mail_lies_in_new_with_its_envelope_on_top(tmp_path: Path) -> None:
    await MaildirTransport(tmp_path / "sent").send(MAIL)
    [file] = (tmp_path / "sent" / "new").iterdir()
    assert file.name.startswith("000012-consent_prompt-jana-")
    assert file.suffix == ".eml"
    trace = b"Return-Path: <b1@mail.example>\r\nDelivered-To: jana@customer.example\r\n"
    assert file.read_bytes() == trace + MAIL.raw
    assert not list((tmp_path / "sent" / "tmp").iterdir())


async def test_the_same_mail_dropped_twice_is_one_file(tmp_path: Path) -> None:
    out = MaildirTransport(tmp_path)
    await out.send(MAIL)
    await out.send(MAIL)
    await out.close()
    assert len(list((tmp_path / "new").iterdir())) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".hidden", "x" * 500, "naïve\x00\r\n"])
async def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    await MaildirTransport(tmp_path / "sent").send(Message("", "a@b.example", b"x", name))
    assert _folders_of_mails(tmp_path) == [tmp_path / "sent" / "new"]


async def test_what_the_disk_refuses_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("a file where the folder should be")
    with pytest.raises(TemporaryFailure) as caught:
        await MaildirTransport(tmp_path / "sent").send(MAIL)
    assert (caught.value.stage, caught.value.maybe_sent) == ("write", False)


def _folders_of_mails(folder: Path) -> list[Path]:
    return [path.parent for path in folder.rglob("*.eml")]
