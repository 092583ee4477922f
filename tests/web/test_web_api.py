"""The REST interface on the real engine: verbs, problems with stable codes, rights, versions and repeated calls."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from engine_house import JANA, House, pdf
from web_visitors import BODY, CONTOSO, Client, noticed, submitted

from mailbot.claims.model import Consent, Status
from mailbot.web.api_models import ClaimModel
from mailbot.web.verbs import VERBS

Make = Callable[..., Awaitable[Client]]

FILE = [("file", ("sow.pdf", pdf(), "application/pdf"))]
BODIES: dict[str, dict[str, Any]] = {
    "submit": {},
    "start-review": {},
    "request-info": {"items": [{"reason": "missing_customer_ack", "text": "Who signed?"}]},
    "answer": {"answers": [{"question": 1, "text": "Jana."}]},
    "approve": {"contact_verified": True, "contact_source": "page 4"},
    "reject": {"reason": "insufficient_poe", "text": "Not shown."},
    "arbitrate": {"winner": "CLM-222222", "text": "Newer."},
    "dispute": {"text": "It is shown."},
    "uphold": {"text": "It is not."},
    "withdraw": {"text": "Wrong location."},
    "disassociate": {"text": "Over."},
    "cancel": {},
    "comment": {"text": "Hello."},
    "record-decline": {"how": "phone", "text": "She called."},
    "answer-customer": {"text": "Only numbers."},
    "resend-notice": {"contact_verified": True, "contact_source": "page 4"},
}


def problem(response: httpx.Response, status: int, code: str = "") -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    answer: dict[str, Any] = response.json()
    assert answer["status"] == status
    assert answer["code"]
    assert not code or answer["code"] == code, answer
    return answer


async def complete(partner: Client) -> str:
    claim = await partner.made()
    response = await partner.http.post(f"/claims/{claim['id']}/evidence", files=FILE)
    assert [item["verdict"] for item in response.json()["items"]] == ["accepted"]
    return str(claim["id"])


async def test_a_claim_goes_from_draft_to_approved_by_calls_alone(home: House, client: Make) -> None:
    partner, reviewer = await client("partner"), await client("reviewer")
    claim_id = await complete(partner)
    claim = (await partner("POST", f"/claims/{claim_id}/submit", {})).json()
    assert claim["status"] == "submitted"
    assert {"kind", "at"} == set(claim["due"][0])
    await reviewer("POST", f"/claims/{claim_id}/start-review")
    await reviewer("POST", f"/claims/{claim_id}/request-info", BODIES["request-info"])
    asked = (await partner("GET", f"/claims/{claim_id}")).json()
    assert asked["questions"] == [
        {"number": 1, "reason": "missing_customer_ack", "text": "Who signed?", "answer": None}
    ]
    answered = (await partner("POST", f"/claims/{claim_id}/answer", BODIES["answer"])).json()
    assert answered["questions"][0]["answer"] == "Jana."
    approved = (await reviewer("POST", f"/claims/{claim_id}/approve", BODIES["approve"])).json()
    assert (approved["status"], approved["association"]) == ("approved", "none")


async def test_a_draft_says_what_is_missing_and_submitting_it_names_every_defect(client: Make) -> None:
    partner = await client("partner")
    claim = await partner.made(tenant_id="123", products=[{"code": "no_such_product"}])
    fields = {defect["field"] for defect in claim["missing"]}
    assert {"tenant_id", "products", "evidence"} <= {field.split(".")[0].split("[")[0] for field in fields}
    refused = problem(await partner("POST", f"/claims/{claim['id']}/submit"), 422)
    assert len(refused["errors"]) >= 3
    assert refused["state"] == "draft"
    assert "possible" in refused


async def test_every_defect_of_a_body_is_named(client: Make) -> None:
    partner = await client("partner")
    body = {key: value for key, value in BODY.items() if key not in ("name", "tenant_id")}
    body |= {"products": [], "colour": "red", "customer": {"name": "Jana"}}
    found = problem(await partner("POST", "/claims", body), 422, "defective")
    named = {(error["field"], error["code"]) for error in found["errors"]}
    for expected in (
        ("name", "missing"),
        ("tenant_id", "missing"),
        ("products", "missing"),
        ("colour", "unknown_field"),
        ("customer.email", "missing"),
    ):
        assert expected in named


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"text": "\\u0000"}', b'{"text": "\\ud800"}', b"\xff", b'{"text": 1}', b"null"]
)
async def test_whatever_bytes_a_body_holds_the_answer_is_a_problem(body: bytes, home: House, client: Make) -> None:
    claim_id = await submitted(home)
    partner = await client("partner")
    headers = {"content-type": "application/json"}
    problem(await partner.http.post(f"/claims/{claim_id}/comment", content=body, headers=headers), 422)


async def test_without_a_live_key_nothing_answers_but_401(site: Any, client: Make) -> None:
    for key in ("", "mbk_made_up", "\u00e4"):
        stranger = Client(site, "")
        headers = {"authorization": f"Bearer {key}".encode("latin-1")} if key else {}
        answer = await stranger.http.get("/claims", headers=headers)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        problem(answer, 401, "no_key")
        await stranger.http.aclose()


async def test_another_firms_claim_does_not_exist_on_any_route(home: House, client: Make) -> None:
    claim_id = await submitted(home)
    sha256 = (await home.claim(claim_id)).evidence[0].sha256
    other = await client("partner", CONTOSO)
    before = await home.claim(claim_id)
    for path in ("", "/history", "/mail", f"/evidence/{sha256}"):
        problem(await other("GET", f"/claims/{claim_id}{path}"), 404, "not_found")
    problem(await other("PATCH", f"/claims/{claim_id}", {"name": "Mine"}), 404)
    problem(await other.http.post(f"/claims/{claim_id}/evidence", files=FILE), 404)
    for verb in VERBS:
        problem(await other("POST", f"/claims/{claim_id}/{verb}", BODIES[verb]), 404)
    assert (await other("GET", "/claims")).json()["items"] == []
    assert claim_id not in (await other("GET", "/exports/claims.csv")).text
    assert await home.claim(claim_id) == before


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"comment"}))
async def test_a_verb_of_the_other_side_is_403_and_changes_nothing(verb: str, home: House, client: Make) -> None:
    office = {"start-review", "request-info", "approve", "reject", "arbitrate", "uphold", "answer-customer"}
    office |= {"resend-notice", "record-decline"}
    claim_id = await submitted(home)
    before = await home.claim(claim_id)
    who = await client("partner" if verb in office else "reviewer")
    problem(await who("POST", f"/claims/{claim_id}/{verb}", BODIES[verb]), 403)
    assert await home.claim(claim_id) == before


async def test_the_office_s_things_do_not_exist_for_a_partner(client: Make) -> None:
    partner = await client("partner")
    for method, path in (
        ("GET", "/inbox"),
        ("GET", "/inbox/1"),
        ("GET", "/inbox/1/raw"),
        ("POST", "/inbox/1/replay"),
        ("GET", "/outbox"),
        ("POST", "/outbox/1/retry"),
        ("POST", "/outbox/1/cancel"),
        ("GET", "/people"),
        ("PUT", "/people"),
    ):
        problem(await partner(method, path, {}), 404)


async def test_a_verb_that_does_not_fit_says_the_state_and_what_would(home: House, client: Make) -> None:
    claim_id = await submitted(home)
    partner = await client("partner")
    answer = problem(await partner("POST", f"/claims/{claim_id}/disassociate", BODIES["disassociate"]), 409)
    assert answer["state"] == "submitted"
    assert "withdraw" in answer["possible"]


async def test_a_wrong_version_is_412_and_changes_nothing(home: House, client: Make) -> None:
    partner = await client("partner")
    claim = await partner.made()
    path, seen = f"/claims/{claim['id']}", claim["version"]
    for tag in (f'"{seen + 1}"', '"x"', f"W/{seen}x"):
        problem(await partner("PATCH", path, {"name": "B"}, headers={"if-match": tag}), 412, "version_mismatch")
    fine = await partner("PATCH", path, {"name": "B"}, headers={"if-match": f'"{seen}"'})
    assert fine.json()["name"] == "B"
    assert fine.headers["etag"] == f'"{fine.json()["version"]}"'
    problem(await partner("POST", f"{path}/cancel", headers={"if-match": f'"{seen}"'}), 412)


async def test_the_same_call_with_the_same_key_is_one_call(home: House, client: Make) -> None:
    partner = await client("partner")
    headers = {"idempotency-key": "order-7"}
    first = await partner("POST", "/claims", BODY, headers=headers)
    second = await partner("POST", "/claims", BODY, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert len((await partner("GET", "/claims")).json()["items"]) == 1
    problem(await partner("POST", "/claims", BODY | {"name": "Other"}, headers=headers), 422, "key_reused")


async def test_a_kept_answer_that_was_lost_still_makes_no_second_claim(home: House, client: Make) -> None:
    from sqlalchemy import delete

    from mailbot.store.schema import idempotency

    partner = await client("partner")
    headers = {"idempotency-key": "order-8"}
    first = await partner("POST", "/claims", BODY, headers=headers)
    await home.store.write(lambda conn: conn.execute(delete(idempotency)))
    second = await partner("POST", "/claims", BODY, headers=headers)
    assert first.json()["id"] == second.json()["id"]
    claim_id = first.json()["id"]
    for _ in range(2):
        await partner("POST", f"/claims/{claim_id}/comment", {"text": "Once."}, headers={"idempotency-key": "c-1"})
        await home.store.write(lambda conn: conn.execute(delete(idempotency)))
    assert len((await home.claim(claim_id)).comments) == 1


async def test_a_refusal_is_repeated_too_and_odd_keys_are_refused(home: House, client: Make) -> None:
    partner = await client("partner")
    claim = await partner.made()
    headers = {"idempotency-key": "s-1"}
    first = await partner("POST", f"/claims/{claim['id']}/submit", headers=headers)
    await partner.http.post(f"/claims/{claim['id']}/evidence", files=FILE)
    second = await partner("POST", f"/claims/{claim['id']}/submit", headers=headers)
    assert problem(first, 422) == problem(second, 422)
    problem(await partner("POST", "/claims", BODY, headers={"idempotency-key": "with space"}), 422)


async def test_lists_page_to_the_end_without_repeating(client: Make) -> None:
    partner = await client("partner")
    made = [(await partner.made(name=f"Claim {n}"))["id"] for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await partner("GET", f"/claims?limit=2&sort=created&cursor={cursor}")).json()
        seen += [claim["id"] for claim in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made
    for query in ("sort=no", "limit=0", "limit=x", "cursor=!", "status=odd", "from=x", "to=2026-13-01"):
        problem(await partner("GET", f"/claims?{query}"), 422)


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "a" * 5000, "\x00", "'; DROP TABLE claims; --", "\\", "é"])
async def test_odd_search_texts_find_nothing_and_break_nothing(text: str, client: Make) -> None:
    partner = await client("partner")
    await partner.made()
    for field in ("q", "customer", "partner", "area", "activity"):
        response = await partner.http.get("/claims", params={field: text})
        assert response.status_code == 200
        assert response.json()["items"] == []


async def test_history_mail_and_evidence_are_read(home: House, client: Make) -> None:
    claim_id = await submitted(home)
    partner, reviewer = await client("partner"), await client("reviewer")
    history = (await partner("GET", f"/claims/{claim_id}/history?limit=2")).json()
    assert [entry["kind"] for entry in history["items"]] == ["drafted", "evidence_added"]
    more = (await partner("GET", f"/claims/{claim_id}/history?cursor={history['next']}")).json()
    assert more["items"][0]["kind"] == "submitted"
    mine = (await partner("GET", f"/claims/{claim_id}/mail")).json()["items"]
    theirs = (await reviewer("GET", f"/claims/{claim_id}/mail")).json()["items"]
    assert {mail["party"] for mail in mine} == {"partner"}
    assert len(theirs) > len(mine)
    sha256 = (await home.claim(claim_id)).evidence[0].sha256
    file = await partner("GET", f"/claims/{claim_id}/evidence/{sha256}")
    assert file.content == pdf()
    problem(await partner("GET", f"/claims/{claim_id}/evidence/{'0' * 64}"), 404)
    problem(await partner("GET", f"/claims/{claim_id}/evidence/..%2f..%2fetc"), 404)


async def test_files_get_a_verdict_each(home: House, client: Make) -> None:
    partner = await client("partner")
    claim = await partner.made()
    files = [
        ("file", ("a.pdf", pdf("a"), "application/pdf")),
        ("file", ("again.pdf", pdf("a"), "application/pdf")),
        ("file", ("b.pdf", b"", "application/pdf")),
        ("file", ("c.exe", b"MZ\x90\x00" + b"x" * 100, "application/pdf")),
    ]
    answer = await partner.http.post(f"/claims/{claim['id']}/evidence", files=files)
    verdicts = [item["verdict"] for item in answer.json()["items"]]
    assert verdicts[:3] == ["accepted", "duplicate", "empty"]
    assert verdicts[3] != "accepted"
    problem(await partner.http.post(f"/claims/{claim['id']}/evidence", data={"x": "y"}), 422)


async def test_a_field_that_cannot_be_edited_now_is_refused(home: House, client: Make) -> None:
    claim_id = await submitted(home)
    partner = await client("partner")
    answer = problem(await partner("PATCH", f"/claims/{claim_id}", {"tenant_id": BODY["tenant_id"][::-1]}), 422)
    assert answer["state"] == "submitted"
    problem(await partner("PATCH", f"/claims/{claim_id}", {}), 422)
    problem(await partner("PATCH", f"/claims/{claim_id}", {"status": "approved"}), 422)
    removed = await partner(
        "PATCH", f"/claims/{claim_id}", {"second": {"name": "Karel", "email": "k@customer.example"}}
    )
    assert removed.json()["second"]["name"] == "Karel"
    assert (await partner("PATCH", f"/claims/{claim_id}", {"second": None})).json()["second"] is None


async def test_an_admin_records_a_decline_and_a_reviewer_may_not(home: House, client: Make) -> None:
    claim_id = await noticed(home)
    reviewer, admin = await client("reviewer"), await client("admin")
    problem(await reviewer("POST", f"/claims/{claim_id}/record-decline", BODIES["record-decline"]), 403)
    answer = await admin("POST", f"/claims/{claim_id}/record-decline", BODIES["record-decline"])
    assert answer.json()["consent"] == "declined"
    assert (await home.claim(claim_id)).consent is Consent.DECLINED


async def test_held_mail_is_listed_read_and_attached(home: House, client: Make) -> None:
    claim_id = await submitted(home)
    item_id = await home.writes("stranger@nowhere.example", "claims@mail.test", "Hello there", subject="Hi")
    await home.settle()
    reviewer, admin = await client("reviewer"), await client("admin")
    listed = (await reviewer("GET", "/inbox?disposition=held")).json()["items"]
    assert [item["id"] for item in listed] == [str(item_id)]
    assert listed[0]["reason"] == "unknown_sender"
    raw = await reviewer("GET", f"/inbox/{item_id}/raw")
    assert b"Hello there" in raw.content
    assert raw.headers["content-disposition"].startswith("attachment")
    assert (await reviewer("GET", f"/inbox/{item_id}")).json()["reading"]["reply_text"].strip() == "Hello there"
    problem(await reviewer("POST", f"/inbox/{item_id}/replay"), 403)
    problem(await admin("POST", f"/inbox/{item_id}/attach", {"claim": "CLM-222222"}), 404)
    done = await admin("POST", f"/inbox/{item_id}/attach", {"claim": claim_id.lower()})
    assert done.json() == {"id": str(item_id), "disposition": "accepted"}
    problem(await admin("POST", f"/inbox/{item_id}/replay"), 409, "wrong_state")
    problem(await admin("POST", "/inbox/5/replay"), 404)
    problem(await admin("GET", "/inbox?disposition=odd"), 422)


async def test_the_outbox_is_listed_retried_and_cancelled(home: House, client: Make) -> None:
    partner, admin = await client("partner"), await client("admin")
    claim_id = await complete(partner)
    await partner("POST", f"/claims/{claim_id}/submit")
    queued = (await admin("GET", "/outbox?state=queued&limit=1")).json()
    assert queued["next"] == queued["items"][0]["id"]
    item = queued["items"][0]["id"]
    assert (await admin("POST", f"/outbox/{item}/cancel")).json()["state"] == "cancelled"
    problem(await admin("POST", f"/outbox/{item}/cancel"), 409, "wrong_state")
    problem(await admin("POST", f"/outbox/{item}/retry"), 409, "wrong_state")
    problem(await admin("POST", "/outbox/77/retry"), 404)


async def test_people_are_read_and_added_as_in_the_file(client: Make) -> None:
    admin, reviewer = await client("admin"), await client("reviewer")
    known = (await reviewer("GET", "/people")).json()
    assert {firm["name"] for firm in known["organisation"]} == {"Fabrikam", "Contoso Consulting"}
    new = {
        "organisation": [
            {
                "name": "Northwind",
                "country": "PL",
                "time_zone": "Europe/Warsaw",
                "domains": ["northwind.example"],
                "location": [{"id": "777", "enrolled": ["osu_microsoft_365"]}],
                "person": [{"name": "Ola", "email": "ola@northwind.example", "roles": ["incentives_admin"]}],
            }
        ],
        "reviewer": [],
    }
    problem(await reviewer("PUT", "/people", new), 403)
    assert len((await admin("PUT", "/people", new)).json()["organisation"]) == 3
    everybody = (await admin("GET", "/people")).json()
    assert (await admin("PUT", "/people", everybody)).json() == everybody
    new["organisation"][0]["person"][0]["roles"] = ["emperor"]  # type: ignore[index]
    problem(await admin("PUT", "/people", new), 422, "unknown_role")
    problem(await admin("PUT", "/people", {"organisations": []}), 422)


async def test_a_webhook_shows_its_secret_once_and_is_called_for_its_own_firm(home: House, client: Make) -> None:
    partner, other, admin = await client("partner"), await client("partner", CONTOSO), await client("admin")
    made = await partner("POST", "/webhooks", {"url": "https://hook.fabrikam.example/x", "types": ["claim.submitted"]})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    listed = (await partner("GET", "/webhooks")).json()["items"]
    assert "secret" not in listed[0]
    assert (await other("GET", "/webhooks")).json()["items"] == []
    assert len((await admin("GET", "/webhooks")).json()["items"]) == 1
    hook = made.json()["id"]
    problem(await other("DELETE", f"/webhooks/{hook}"), 404)
    assert (await partner("POST", f"/webhooks/{hook}/test")).status_code == 202
    claim_id = await complete(partner)
    await partner("POST", f"/claims/{claim_id}/submit")
    calls = [i for i in (await admin("GET", "/outbox")).json()["items"] if i["kind"] == "webhook"]
    assert sorted(call["code"] for call in calls) == ["claim.submitted", "webhook.test"]
    problem(await other("POST", f"/webhooks/{hook}/replay", {"since": "2026-01-01T00:00:00Z"}), 404)
    assert (await partner("DELETE", f"/webhooks/{hook}")).status_code == 204
    problem(await partner("DELETE", f"/webhooks/{hook}"), 404)
    problem(await (await client("reviewer"))("GET", "/webhooks"), 403)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x", "https://[::1]/", "http://10.0.0.1:8080", "http://169.254.169.254/", "ftp://a.example", "x",
     "https://user:pw@a.example/", "http://[", "https://a.example/#f", "http://0.0.0.0/", "http://localhost/"],
)  # fmt: skip
async def test_private_and_odd_targets_are_refused(url: str, client: Make) -> None:
    partner = await client("partner")
    found = problem(await partner("POST", "/webhooks", {"url": url}), 422)
    assert found["errors"][0]["field"] == "url"


async def test_exports_are_the_list_as_filtered(client: Make) -> None:
    partner = await client("partner")
    await partner.made(name="@SUM(1)")
    csv = await partner("GET", "/exports/claims.csv?status=draft")
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert "'@SUM(1)" in csv.content.decode("utf-8-sig")
    assert (await partner("GET", "/exports/claims.csv?status=approved")).content.count(b"\r\n") == 1
    assert (await partner("GET", "/exports/claims.xlsx")).content.startswith(b"PK")


async def test_too_many_calls_a_minute_are_asked_to_wait(site: Any, client: Make) -> None:
    from mailbot.web.callers import Rates

    site.state.rates = Rates(most=2)
    partner = await client("partner")
    for _ in range(2):
        assert (await partner("GET", "/claims")).status_code == 200
    slow = await partner("GET", "/claims")
    problem(slow, 429)
    assert slow.headers["retry-after"]


async def test_what_is_not_there_is_a_problem_too(client: Make, site: Any) -> None:
    partner = await client("partner")
    problem(await partner("GET", "/nothing"), 404)
    problem(await partner("GET", "/claims/CLM-222222"), 404)
    problem(await partner("GET", "/claims/%00"), 404)
    problem(await partner("POST", "/claims/CLM-222222/explode", {}), 404)


async def test_the_description_names_every_route_of_the_contract(client: Make, site: Any) -> None:
    paths = site.openapi()["paths"]
    for verb in VERBS:
        assert "post" in paths[f"/api/v1/claims/{{claim_id}}/{verb}"]
    for path in ("/claims", "/claims/{claim_id}", "/inbox", "/outbox", "/people", "/webhooks", "/exports/claims.csv"):
        assert f"/api/v1{path}" in paths
    description = json.dumps(site.openapi())
    for name in re.findall(r'"#/components/schemas/(\w+)"', description):
        assert name in site.openapi()["components"]["schemas"]
    assert "HTTPValidationError" not in json.dumps(paths)


async def test_the_described_claim_is_the_claim_that_is_sent(home: House, client: Make) -> None:
    claim_id = await submitted(home)
    partner, reviewer = await client("partner"), await client("reviewer")
    sent = (await partner("GET", f"/claims/{claim_id}")).json()
    assert ClaimModel.model_validate(sent).model_dump() == sent
    assert set(ClaimModel.model_fields) == set(sent)
    more = (await reviewer("GET", f"/claims/{claim_id}")).json()
    assert set(more) > set(sent)


async def test_a_reviewer_key_makes_no_claim_and_decides_no_dispute_of_its_own(home: House, client: Make) -> None:
    reviewer, partner = await client("reviewer"), await client("partner")
    problem(await reviewer("POST", "/claims", BODY), 403)
    claim_id = await complete(partner)
    await partner("POST", f"/claims/{claim_id}/submit")
    await reviewer("POST", f"/claims/{claim_id}/reject", BODIES["reject"])
    await partner("POST", f"/claims/{claim_id}/dispute", BODIES["dispute"])
    problem(await reviewer("POST", f"/claims/{claim_id}/uphold", BODIES["uphold"]), 403, "own_decision")
    second = await client("reviewer")
    done = await second("POST", f"/claims/{claim_id}/uphold", BODIES["uphold"])
    assert done.json()["status"] == Status.REJECTED_FINAL
    assert JANA in (await partner("GET", f"/claims/{claim_id}")).text
