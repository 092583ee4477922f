"""`python -m mailbot.demo [--exit]`: plays the two claims, then serves until Ctrl-C.

Exit code 0 when everything happened, 1 at the first step that did not, which is named.
"""

import asyncio
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

import click
import httpx

from mailbot.demo import claim_one, claim_two
from mailbot.demo.house import House, open_house
from mailbot.demo.transcript import StepFailed, Transcript


@click.command()
@click.option("--exit", "leave", is_flag=True, help="End after the play instead of serving on.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where everything is to lie.")
def main(leave: bool, folder: Path | None) -> None:
    """Play two whole claims over real SMTP and HTTP."""
    place = folder or Path(tempfile.mkdtemp(prefix="mailbot-demo-"))
    try:
        with asyncio.Runner() as runner:
            status = runner.run(_play(place.resolve(), leave))
    except KeyboardInterrupt:
        status = 0
    sys.exit(status)


async def _play(folder: Path, leave: bool) -> int:
    script = Transcript()
    async with contextlib.AsyncExitStack() as stack:
        try:
            with script.step("the stage is set"):
                house = await stack.enter_async_context(open_house(folder, script))
            await claim_one.play(house)
            await claim_two.play(house)
            await _where_to_look(house)
        except StepFailed as failure:
            script.failed(failure, folder)
            return 1
        if not leave:
            await _until_stopped(script)
    script.line("Everything stopped in good order.")
    return 0


async def _where_to_look(house: House) -> None:
    """What a visitor can open now, in a browser or an editor."""
    script, url = house.script, house.url
    script.title("Where to look")
    script.line(f"every mail as a file    {house.outside.folder}")
    script.line(f"the service's log       {house.log}")
    script.line(f"database and settings   {house.folder}")
    script.line(f"a customer's page       {house.seen['customer page']}")
    script.line(f"the partner's page      {house.seen['partner page']}")
    with script.step("somebody of the office gets a sign-in link from the command line"):
        script.line(f"the office, signed in   {await house.command('people', 'link', 'rita@office.example')}")
    script.line(f"every mail, in a page   {url}/lab/")
    script.line(f"the REST interface      {url}/docs")
    with script.step("every address answers"):
        await _answers(*house.seen.values(), f"{url}/lab/", f"{url}/docs")


async def _answers(*links: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        for link in links:
            if not (page := await http.get(link)).is_success:
                raise StepFailed(f"{link} answers {page.status_code}")


async def _until_stopped(script: Transcript) -> None:
    script.line("")
    script.line("The service goes on until Ctrl-C.")
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    main()
