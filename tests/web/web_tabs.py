"""A browser's tabs on our site: Debian's Chromium, headless, talking to nobody but loopback.

Set MAILBOT_TEST_SCREENSHOTS to a folder to keep the pictures there.
"""

import os
import re
import shutil
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from engine_house import House
from PIL import Image

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESK = {"width": 1180, "height": 900}
TALLEST = 2000
KEEPS = bool(os.environ.get("MAILBOT_TEST_SCREENSHOTS"))
PHONE = {"width": 390, "height": 844}

needs_chromium = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no chromium on this machine: apt install chromium"
)


async def picture(page: Any, file: Path) -> None:
    """Keeps a picture of the page's first screens, in few colours: pages are flat, and the docs stay small."""
    taken = Image.open(BytesIO(await page.screenshot(full_page=True))).convert("RGB")
    first = taken.crop((0, 0, taken.width, min(taken.height, TALLEST)))
    first.quantize(16, dither=Image.Dither.NONE).save(file, optimize=True)


def login_link(home: House, email: str) -> str:
    """The way in that was mailed last."""
    return str(re.findall(r"(/login/[^\s/]+)", home.mails(email)[-1].text)[0])


class Tab:
    """A browser tab on our site that notes whatever the page complains about."""

    def __init__(self, page: Any, base: str, folder: Path, home: House) -> None:
        self.page, self.base, self.folder, self.home = page, base, folder, home
        self.complaints: list[str] = []
        self.keeps = KEEPS
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    async def open(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def shoot(self, name: str) -> None:
        await picture(self.page, self.folder / f"{name}.png")

    async def press(self, name: str) -> None:
        self.home.clock.advance(timedelta(seconds=3))
        await self.click(self.page.get_by_role("button", name=name).first)

    async def click(self, what: Any) -> None:
        """Clicks and waits for the page that comes: the one before is complete already and would do as well."""
        async with self.page.expect_navigation():
            await what.click()

    async def fits(self) -> bool:
        """Whether nothing sticks out of the window sideways."""
        wide: bool = await self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        return wide

    async def sign_in(self, email: str) -> None:
        """By the link that is mailed; in whatever language the page is."""
        await self.open("/login")
        await self.page.fill("#email", email)
        await self.click(self.page.locator("main form button"))
        await self.home.settle()
        await self.open(login_link(self.home, email))
        await self.click(self.page.locator("main form button"))
