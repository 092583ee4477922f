"""Every call that the REST page shows is made as it is shown, by a shell and curl, against the real service."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_home import PDF, Home
from cli_service import serving
from docs_pages import ROOT, blocks, read

CLAIM = "CLM-7K3QF2"
_CALL = re.compile(r"^curl .*?(?<!\\)$(?=\n(?:#|curl |\n|\Z)|\Z)", re.MULTILINE | re.DOTALL)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    made = Home(tmp_path)
    made.done("init")
    return made.with_people()


@pytest.fixture
def shell(home: Home, tmp_path: Path) -> Iterator["Shell"]:
    key = home.done("key", "create", "--role", "partner", "--organisation", "Fabrikam").strip()
    (tmp_path / "acceptance.pdf").write_bytes(PDF)
    with serving(home) as service:
        yield Shell(tmp_path, {"URL": f"{service.url}/api/v1", "KEY": key})


class Shell:
    """Runs a call as it stands on the page; `names` are what the page's variables are here."""

    def __init__(self, folder: Path, names: dict[str, str]) -> None:
        self._folder = folder
        self._names = names

    def says(self, call: str) -> tuple[int, dict[str, object]]:
        """The status and the answer."""
        command = call + " -w '\n%{http_code}'"
        run = subprocess.run(["sh", "-ec", command], cwd=self._folder, env=self._names, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        answer, _, status = run.stdout.rpartition("\n")
        return int(status), json.loads(answer)


def _calls(block: str) -> list[str]:
    return [match.group().strip() for match in _CALL.finditer(block)]


def test_the_calls_on_the_page_do_what_it_says(shell: Shell) -> None:
    first, hooks = [block for block in blocks(read(ROOT / "docs/api.md"), "sh") if "curl" in block]
    make, upload, submit = _calls(first)
    status, claim = shell.says(make)
    assert (status, claim["status"]) == (201, "draft")
    assert shell.says(make) == (status, claim), "the same Idempotency-Key is the same claim"
    status, files = shell.says(upload.replace(CLAIM, str(claim["id"])))
    assert (status, [f["verdict"] for f in files["items"]]) == (200, ["accepted"])  # type: ignore[attr-defined]
    status, claim = shell.says(submit.replace(CLAIM, str(claim["id"])))
    assert (status, claim["status"]) == (200, "submitted")
    add, replay = _calls(hooks)
    status, hook = shell.says(add)
    assert (status, str(hook["secret"])[:6]) == (201, "whsec_")
    assert shell.says(replay.replace("$HOOK", str(hook["id"]))) == (202, {"queued": 0})
