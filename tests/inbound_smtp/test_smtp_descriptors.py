"""When file descriptors run out, accepting pauses without burning the processor, and goes on by itself."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, logging, os, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from smtp_bench import Peer, start_bench
logging.getLogger("asyncio").setLevel(logging.CRITICAL)

async def play(folder):
    bench = await start_bench(folder, upstream=["127.0.0.1"])
    waiting = []
    limit = len(os.listdir("/proc/self/fd")) + 8
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    try:
        while True:
            waiting.append(Peer(*await asyncio.open_connection(*bench.address)))
            await asyncio.sleep(0)
    except OSError:
        pass
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    try:
        await asyncio.wait_for(waiting[-1].reader.readline(), 0.3)
        print("accepted without a descriptor")
    except TimeoutError:
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - used < 0.2, "a busy loop"
    for peer in waiting[:-1]:
        await peer.close()
    await waiting[-1].hello()
    assert (await waiting[-1].mail()).startswith("250 ")
    await waiting[-1].close()
    await bench.stop()

asyncio.run(play(Path(sys.argv[2])))
print("recovered")
"""


def test_the_listener_survives_a_shortage_of_descriptors(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("recovered", 0), done.stderr
