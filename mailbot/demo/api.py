"""A small client of mailbot's REST interface, as another system would write one. Refusals are StepFailed."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from mailbot.demo.transcript import StepFailed

_PATIENCE = 30.0
_PAUSE = 0.1


class Api:
    """Calls with one key."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=10, trust_env=False
        )
        self._codes: dict[str, str] = {}

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def call(self, method: str, path: str, body: object = None, **rest: Any) -> dict[str, Any]:
        """The answer as JSON; raises StepFailed with the problem's own words."""
        response = await self._http.request(method, path, json=body, **rest)
        if response.is_error:
            problem = response.json()
            told = problem.get("detail") or problem.get("title")
            raise StepFailed(
                f"{method} {path} → {response.status_code} {problem.get('code')}: {told} {problem.get('errors', '')}"
            )
        answer: dict[str, Any] = response.json()
        return answer

    async def until(self, claim_id: str, right: Callable[[dict[str, Any]], bool], wanted: str) -> dict[str, Any]:
        """The claim as soon as it is `right`; raises StepFailed that says what was `wanted` and how it is instead."""
        end = asyncio.get_running_loop().time() + _PATIENCE
        while not right(claim := await self.call("GET", f"/claims/{claim_id}")):
            if asyncio.get_running_loop().time() > end:
                raise StepFailed(f"{claim_id} is not {wanted} but {claim['status']}, consent {claim['consent']}")
            await asyncio.sleep(_PAUSE)
        return claim

    async def code_of(self, message_id: str) -> str:
        """Which kind of mail a Message-ID of mailbot's is; empty for a stranger's."""
        if message_id not in self._codes:
            items = (await self.call("GET", "/outbox", params={"limit": 100}))["items"]
            self._codes |= {item["message_id"]: item["code"] for item in items if item["message_id"]}
        return self._codes.get(message_id, "")
