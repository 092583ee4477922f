"""The play as a visitor starts it: it ends with 0 and tells everything, or with 1 and names what did not happen."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def play(folder: Path, *options: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-u", "-m", "mailbot.demo", "--folder", str(folder), *options]
    # A shell's background job ignores Ctrl-C, and so would all it starts.
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, heard)


@pytest.mark.timeout(300)
def test_both_claims_are_played_to_their_ends(tmp_path: Path) -> None:
    process = play(tmp_path / "demo", "--exit")
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, out + err
    claims = re.findall(r"● (CLM-\w+): (.*)", out)
    one, two = claims[0][0], claims[-1][0]
    assert one != two
    assert [text for name, text in claims if name == one] == [
        "submitted, consent none, association none",
        "action_required, consent none, association none",
        "submitted, consent none, association none",
        "approved, consent pending, association none",
        "rejected, (customer_declined), consent declined, association none",
    ]
    assert claims[-1][1] == "approved, consent lapsed, association active"
    assert "s tím nesouhlasíme" in out
    assert f"The next system receives evaluation.ready for {two}, signature verified" in out
    mails = list((tmp_path / "demo/mails").glob("*.eml"))
    assert len(mails) > 20
    for name in re.findall(r"\((?:\w+), (\S+\.eml)\)", out):
        assert (tmp_path / "demo/mails" / name).is_file()
    assert "stopped" in (tmp_path / "demo/service.log").read_text().splitlines()[-1]


def test_the_first_failed_step_is_named_and_the_status_is_1(tmp_path: Path) -> None:
    (tmp_path / "mails").write_text("in the way")
    process = play(tmp_path, "--exit")
    _, err = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "This did not happen: the stage is set: FileExistsError" in err
    assert "Traceback" not in err


def test_ctrl_c_in_the_middle_puts_everything_away(tmp_path: Path) -> None:
    process = play(tmp_path / "demo")
    assert process.stdout is not None
    for line in process.stdout:
        if "mailbot serves" in line:
            break
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=100)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "stopped" in (tmp_path / "demo/service.log").read_text().splitlines()[-1]
