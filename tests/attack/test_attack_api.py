"""Every route of the API's own description on objects of others, and whatever fits its schema (security item 34)."""

import asyncio
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from engine_house import House
from hypothesis import HealthCheck, settings
from web_visitors import CONTOSO, submitted

from mailbot.store import history, outbox_office
from mailbot.web_server import WebServer

LEAKS = ("Traceback", "sqlite", "SELECT ", "mailbot/", ".py", "sqlalchemy", "/var", "jana@", "petr@", "Teams roll-out")
FILLING = {"sha256": "0" * 64, "verb": "comment", "format": "csv", "key": "1"}


def operations(site: Any) -> Iterator[tuple[str, str]]:
    """Method and path of everything the description names."""
    for path, methods in site.openapi()["paths"].items():
        for method in methods:
            if method.upper() in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                yield method.upper(), path


def filled(path: str, claim_id: str, row: int) -> str:
    for name in ("claim_id", "item_id", "endpoint_id", *FILLING):
        value = claim_id if name == "claim_id" else FILLING.get(name, str(row))
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, path
    return path.removeprefix("/api/v1")


async def everything(home: House, claim_id: str) -> object:
    """What may not be changed by anybody who may not."""
    async with home.store.read() as conn:
        entries = await history.of_claim(conn, claim_id)
        sent = await outbox_office.list_items(conn, limit=500)
    return await home.claim(claim_id), [e.event_id for e in entries], [(m.id, m.state) for m in sent]


async def test_nobody_reaches_what_belongs_to_another_firm_on_any_route(site: Any, home: House, client: Any) -> None:
    claim_id = await submitted(home)
    async with home.store.read() as conn:
        row = (await outbox_office.list_items(conn))[0].id
    stranger, foreign = await client("none"), await client("partner", CONTOSO)
    stranger.http.headers.pop("authorization", None)
    before = await everything(home, claim_id)
    seen = 0
    for method, path in operations(site):
        address = filled(path, claim_id, row)
        nobody = await stranger(method, address, {})
        assert nobody.status_code == 401, (method, path)
        answer = await foreign(method, address, {})
        if "{" in path:
            assert answer.status_code in (404, 422), (method, path, answer.status_code)
        for response in (nobody, answer):
            if response.status_code >= 400:
                assert response.headers["content-type"] == "application/problem+json", (method, path)
            assert not [leak for leak in LEAKS if leak in response.text], (method, path, response.text)
            assert claim_id not in response.text.replace(address, ""), (method, path)
        seen += 1
    assert seen >= 30
    assert await everything(home, claim_id) == before


async def test_a_reviewers_key_does_nothing_that_is_a_partners_or_an_admins(
    site: Any, home: House, client: Any
) -> None:
    claim_id = await submitted(home)
    reviewer = await client("reviewer")
    before = await everything(home, claim_id)
    office_only = {("PUT", "/people"), ("POST", "/webhooks")}
    for method, path in office_only:
        assert (await reviewer(method, path, {})).status_code in (403, 404, 422)
    for verb in ("submit", "withdraw", "disassociate", "cancel", "dispute", "record-decline"):
        body = {"text": "x", "how": "phone"} if verb == "record-decline" else {"text": "x"}
        answer = await reviewer("POST", f"/claims/{claim_id}/{verb}", body)
        assert answer.status_code in (403, 422), (verb, answer.text)
    assert await everything(home, claim_id) == before


async def test_whatever_the_description_allows_is_answered_as_it_describes(site: Any, home: House, client: Any) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    await submitted(home)
    keys = {role: (await client(role)).http.headers["authorization"] for role in ("admin", "partner")}
    server = await WebServer.start(site, "127.0.0.1", 0, on_request=lambda: None)
    base = f"http://127.0.0.1:{server.address[1]}"

    def run() -> list[str]:
        schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
        faults: list[str] = []
        for found in schema.get_all_operations():
            operation = found.ok()

            @settings(
                max_examples=4,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                phases=[hypothesis.Phase.generate],
            )
            @hypothesis.given(case=operation.as_strategy())
            def call(case: Any) -> None:
                for role, key in keys.items():
                    response = case.call(base_url=base, headers={"Authorization": key}, timeout=20)
                    if response.status_code >= 500 or any(leak.encode() in response.content for leak in LEAKS[:6]):
                        faults.append(f"{role} {case.method} {case.formatted_path}: {response.content[:200]!r}")

            call()
        return faults

    try:
        assert await asyncio.to_thread(run) == []
    finally:
        await server.stop(5)
