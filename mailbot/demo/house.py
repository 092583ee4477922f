"""The stage: a folder, the real service as a process of its own, and the world around it.

Everything listens on loopback, on ports that were free a moment ago. Leaving the house stops the service with SIGTERM
and waits for its end. What cannot be set up is a StepFailed.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from click.testing import CliRunner

from mailbot.cli import cli
from mailbot.demo.api import Api
from mailbot.demo.cast import DOMAIN, OLGA, PEOPLE, POLICY
from mailbot.demo.outside import Outside
from mailbot.demo.receiver import Receiver
from mailbot.demo.transcript import StepFailed, Transcript

_START_SECONDS = 30.0
_STOP_SECONDS = 35.0
_PAUSE = 0.1

_CONFIG = """
domain = "{domain}"
public_url = "http://127.0.0.1:{http}"
office_country = "CZ"
office_time_zone = "Europe/Prague"
policy = "policy.toml"
lab = true
[smtp]
listen = ["127.0.0.1:{smtp}"]
[http]
listen = "127.0.0.1:{http}"
[delivery]
url = "smtp://127.0.0.1:{relay}?tls=none"
[sender]
trust = "none"
[webhooks]
allow_private = true
"""


@dataclass(slots=True)
class House:
    """What the play happens in. `seen` are pages worth a visit afterwards."""

    folder: Path
    script: Transcript
    outside: Outside
    receiver: Receiver
    receiver_url: str
    smtp_port: int
    http_port: int
    keys: dict[str, Api] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def log(self) -> Path:
        """What the service says about itself."""
        return self.folder / "service.log"

    async def command(self, *words: str) -> str:
        """Runs a mailbot command and answers what it printed; raises StepFailed with its error line."""
        # In this process: a new one would spend more time on imports than on the play.
        others: dict[str, str | None] = {name: None for name in os.environ if name.startswith("MAILBOT_")}
        words = (*words, "--config", str(self.folder / "mailbot.toml"))
        result = await asyncio.to_thread(CliRunner().invoke, cli, words, env=others)
        if result.exit_code:
            raise StepFailed(f"mailbot {' '.join(words)}: {result.stderr.strip()}")
        return result.stdout.strip()


@asynccontextmanager
async def open_house(folder: Path, script: Transcript) -> AsyncIterator[House]:
    """Everything ready for the play; on the way out it is all put away, and the service ends in good order."""
    smtp_port, http_port = _free_ports(2)
    outside, receiver = Outside(folder / "mails", smtp_port, frozenset({OLGA.email})), Receiver()
    async with AsyncExitStack() as stack:
        relay = await outside.open()
        stack.push_async_callback(outside.close)
        receiver_url = await receiver.open()
        stack.push_async_callback(receiver.close)
        house = House(folder, script, outside, receiver, receiver_url, smtp_port, http_port)
        _write_files(house, relay)
        script.title("The stage")
        with script.step("mailbot learns who is known"):
            script.line(await house.command("people", "import", str(folder / "people.toml")))
        with script.step("mailbot serve starts"):
            await stack.enter_async_context(_service(house))
        script.line(
            f"mailbot serves: SMTP on 127.0.0.1:{smtp_port}, pages on {house.url}, a policy that counts seconds"
        )
        with script.step("API keys are made"):
            await _make_keys(house, stack)
        yield house


def _write_files(house: House, relay: int) -> None:
    house.folder.mkdir(parents=True, exist_ok=True)
    text = _CONFIG.format(domain=DOMAIN, smtp=house.smtp_port, http=house.http_port, relay=relay)
    for name, content in (("mailbot.toml", text), ("policy.toml", POLICY), ("people.toml", PEOPLE)):
        (house.folder / name).write_text(content, encoding="utf-8")


@asynccontextmanager
async def _service(house: House) -> AsyncIterator[None]:
    with house.log.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mailbot", "serve", "--config", str(house.folder / "mailbot.toml")),
            env={name: value for name, value in os.environ.items() if not name.startswith("MAILBOT_")},
            stderr=log,
            # Ctrl-C is for the play, which then asks the service to end.
            start_new_session=True,
        )
    try:
        await _until_ready(house, process)
        yield
    finally:
        await _stop(process)


async def _until_ready(house: House, process: asyncio.subprocess.Process) -> None:
    end = asyncio.get_running_loop().time() + _START_SECONDS
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        while asyncio.get_running_loop().time() < end:
            if process.returncode is not None:
                raise StepFailed(f"it ended: {house.log.read_text(encoding='utf-8', errors='replace')[-600:].strip()}")
            try:
                if (await http.get(f"{house.url}/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(_PAUSE)
    raise StepFailed(f"it was not ready within {_START_SECONDS:.0f} s")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _make_keys(house: House, stack: AsyncExitStack) -> None:
    wanted = {
        "partner": ("--role", "partner", "--organisation", "Fabrikam"),
        "reviewer": ("--role", "reviewer"),
        "admin": ("--role", "admin"),
    }
    for role, options in wanted.items():
        house.keys[role] = Api(house.url, await house.command("key", "create", *options))
        stack.push_async_callback(house.keys[role].close)
    house.outside.code_of = house.keys["admin"].code_of


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
