"""The engine's door for pages, API and commands, and what happens at its edges: files, conflicts, uploads, refusals."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from engine_house import CLAIM_FORM, DOMAIN, JANA, PETR, RITA, House, pdf

from mailbot.claims.events import Actor, Approved, Cancelled, CommentAdded, Drafted, Event, Submitted, Withdrawn
from mailbot.claims.model import Channel, Claim, Contact, Product, Role, Status
from mailbot.engine.engine import NotFound, VersionMismatch
from mailbot.engine.housekeeping import sweep
from mailbot.engine.uploads import Uploads
from mailbot.inbound.envelope import Accepted, Recipient, Refusal
from mailbot.inbound.reader_pool import ReaderFailure
from mailbot.store import claims, nonces, outbox_office, refusals, webhooks
from mailbot.store.claims import Change
from mailbot.store.webhooks import Endpoint


async def admin(home: House) -> Actor:
    """Petr, as a signed-in person."""
    from mailbot.store import people

    async with home.store.read() as conn:
        petr = (await people.find_people(conn, [PETR]))[PETR]
    assert petr.organisation_id is not None
    roles = frozenset({Role.INCENTIVES_ADMIN})
    return Actor(email=PETR, name=petr.name, roles=roles, organisation_id=petr.organisation_id, of_record=True)


async def drafted(home: House) -> str:
    """A complete draft made through the API; its id."""
    actor = await admin(home)
    now = home.clock.now()
    claim = Claim(
        id=home.ids.claim(),
        version=0,
        policy=home.policy.version,
        created_at=now,
        organisation_id=actor.organisation_id,
        organisation_name="Fabrikam",
        name="Teams roll-out",
        location_id="4567890",
        tenant_id="3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        tenant_domain="customer.example",
        solution_area="modern_work_security",
        activity="usage",
        products=(Product(code="teams"),),
        customer=Contact(name="Jana Nováková", title="CIO", email=JANA, country="CZ"),
        partner=Contact(name="Petr Dvořák", email=PETR),
    )
    event = Drafted(id=f"api:{home.ids.row()}", at=now, actor=actor, channel=Channel.API, claim=claim)
    outcome = await home.engine.create(event)
    assert outcome.changed
    return outcome.claim.id


async def by_api(home: House, kind: type[Event], **fields: object) -> Event:
    return kind(id=f"api:{home.ids.row()}", at=home.clock.now(), actor=await admin(home), channel=Channel.API, **fields)


async def test_a_claim_is_made_given_a_file_and_submitted_without_any_mail_coming_in(home: House) -> None:
    claim_id = await drafted(home)
    incomplete = await home.engine.act(claim_id, await by_api(home, Submitted))
    assert incomplete.refusal is not None
    assert {d.field for d in incomplete.refusal.defects} == {"evidence"}
    outcome = await home.engine.add_files(
        claim_id, await admin(home), Channel.API, [("sow.pdf", pdf()), ("x.pdf", b"")]
    )
    assert [r.verdict for r in outcome.receipts] == ["accepted", "empty"]
    assert (await home.engine.act(claim_id, await by_api(home, Submitted))).claim.status is Status.SUBMITTED
    async with home.store.read() as conn:
        assert await home.store.blobs.get(conn, outcome.receipts[0].sha256) == pdf()


async def test_an_uploaded_file_that_is_there_already_is_a_duplicate(home: House) -> None:
    claim_id = await drafted(home)
    files = [("a.pdf", pdf()), ("b.pdf", pdf())]
    assert [
        r.verdict for r in (await home.engine.add_files(claim_id, await admin(home), Channel.API, files)).receipts
    ] == [
        "accepted",
        "duplicate",
    ]


@pytest.mark.on_both
async def test_the_same_event_twice_changes_nothing_the_second_time(home: House) -> None:
    claim_id = await drafted(home)
    event = await by_api(home, CommentAdded, text="hello")
    assert (await home.engine.act(claim_id, event)).changed
    assert not (await home.engine.act(claim_id, event)).changed
    assert len((await home.claim(claim_id)).comments) == 1


async def test_a_wrong_version_and_a_missing_claim_are_raised(home: House) -> None:
    claim_id = await drafted(home)
    with pytest.raises(VersionMismatch) as caught:
        await home.engine.act(claim_id, await by_api(home, Cancelled), if_match=7)
    assert caught.value.version == 1
    with pytest.raises(NotFound):
        await home.engine.act("CLM-222222", await by_api(home, Cancelled))
    with pytest.raises(NotFound):
        await home.engine.attach(1, "CLM-222222")
    with pytest.raises(NotFound):
        await home.engine.replay(1)


@pytest.mark.on_both
async def test_a_change_by_another_process_is_decided_again_on_what_is_there_now(home: House) -> None:
    claim_id = await home.submitted()
    claim = await home.claim(claim_id)
    original = home.desk.dispatcher
    raced = False

    class Racing:
        def __getattr__(self, name: str) -> object:
            return getattr(original, name)

        async def dispatch(self, *args: object, **more: object) -> object:
            nonlocal raced
            if not raced:
                raced = True
                newer = replace(claim, version=claim.version + 1, name="Renamed meanwhile")
                await home.store.write(lambda conn: claims.save(conn, [Change(claim, newer)], home.clock.now()))
            return await original.dispatch(*args, **more)  # type: ignore[arg-type]

    object.__setattr__(home.desk, "dispatcher", Racing())
    outcome = await home.engine.act(claim_id, await by_api(home, Withdrawn, text="wrong"))
    assert raced
    assert (outcome.claim.name, outcome.claim.reason) == ("Renamed meanwhile", "partner_request")


async def test_a_sign_in_link_goes_to_known_people_only(home: House) -> None:
    assert await home.engine.sign_in(PETR.upper(), "https://mail.test/login/x")
    assert not await home.engine.sign_in("nobody@elsewhere.example", "https://mail.test/login/y")
    await home.settle()
    assert await home.codes() == ["sign_in"]
    assert "https://mail.test/login/x" in home.mails(PETR)[-1].text


@pytest.mark.on_both
async def test_held_mail_attached_to_a_claim_is_read_as_mail_about_it(home: House) -> None:
    claim_id = await home.submitted()
    item = await home.writes(PETR, f"postmaster@{DOMAIN}", "Where does CLM stand?")
    await home.settle()
    assert await home.engine.attach(item, claim_id) == "accepted"
    await home.settle()
    assert (await home.item(item)).claim_id == claim_id


@pytest.mark.on_both
async def test_webhooks_get_the_claim_as_it_stood_once_for_each_endpoint(home: House) -> None:
    endpoint = Endpoint(id=home.ids.row(), url="https://hooks.example/a", secret="whsec_x", created_at=home.clock.now())
    await home.store.write(lambda conn: webhooks.add(conn, endpoint))
    claim_id = await home.submitted()
    async with home.store.read() as conn:
        rows = [r for r in await outbox_office.list_items(conn, limit=100) if r.kind == "webhook"]
        bodies = [json.loads((await outbox_office.get(conn, r.id)).body or b"") for r in rows]  # type: ignore[union-attr]
    submitted = [b for b in bodies if b["type"] == "claim.submitted"]
    assert len(submitted) == 1
    assert submitted[0]["data"]["claim"]["id"] == claim_id
    assert submitted[0]["data"]["claim"]["status"] == "submitted"


async def test_an_approval_by_api_names_the_contact_check(home: House) -> None:
    claim_id = await home.submitted()
    actor = Actor(email=RITA, name="Rita", roles=frozenset({Role.REVIEWER}), of_record=True)
    event = Approved(
        id=f"api:{home.ids.row()}",
        at=home.clock.now(),
        actor=actor,
        channel=Channel.API,
        contact_verified=True,
        contact_source="page 2",
    )
    outcome = await home.engine.act(claim_id, event)
    assert (outcome.claim.status, outcome.claim.contact_source) == (Status.APPROVED, "page 2")


async def test_a_spooled_message_is_kept_as_a_file_and_read(home: House, tmp_path: Path) -> None:
    spool = tmp_path / "spooled"
    raw = f"From: {PETR}\r\nTo: claims@{DOMAIN}\r\nSubject: big\r\n\r\n{CLAIM_FORM}\r\n".encode() + b"x" * 70_000
    spool.write_bytes(raw)
    import hashlib

    recipient = Recipient(address=f"claims@{DOMAIN}", local_part="claims", token=None, role="claims")
    accepted = Accepted(
        received_at=home.clock.now(),
        mail_from=PETR,
        recipients=(recipient,),
        peer="127.0.0.1",
        helo="x",
        tls=True,
        upstream=False,
        raw=spool,
        size=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
    )
    item = await home.acceptance.keep(accepted)
    other = await home.acceptance.keep(replace(accepted, raw=raw))
    await home.settle()
    assert (await home.item(item)).disposition == "applied"
    assert (await home.item(other)).reason == "duplicate"


async def test_refusals_are_kept_for_the_operator_without_a_token(home: House) -> None:
    token = home.tokens.address("r", 5, None)
    home.acceptance.note_refusal(
        Refusal(
            at=home.clock.now(),
            peer="192.0.2.7",
            helo="x",
            mail_from=None,
            rcpt=f"{token}@{DOMAIN}",
            stage="RCPT",
            reply="550 5.1.1 unknown [unknown_address]",
            reason="unknown_address",
        )
    )
    await home.acceptance.beat()
    async with home.store.read() as conn:
        found = await refusals.find(conn, "192.0.2.7")
    assert (found[0].code, found[0].reason) == (550, "RCPT unknown_address")
    assert token not in found[0].rcpt


@pytest.mark.on_both
async def test_sweeping_forgets_what_is_past_its_time(home: House) -> None:
    await home.store.write(lambda conn: nonces.use(conn, "n", home.clock.now()))
    home.clock.advance(timedelta(days=40))
    await sweep(home.desk)
    assert await home.store.write(lambda conn: nonces.use(conn, "n", home.clock.now()))


async def test_a_file_that_hurts_its_reader_is_unreadable(home: House) -> None:
    class Dying:
        async def read(self, *_: object) -> ReaderFailure:
            return ReaderFailure("memory")

    judged = await Uploads(Dying(), home.clock).judge([("a\x00b.pdf", pdf()), ("", b"")])  # type: ignore[arg-type]
    assert [(f.name, f.verdict) for f in judged] == [("ab.pdf", "unreadable"), ("file", "empty")]


async def test_nothing_rings_while_timers_are_paused(home: House) -> None:
    from mailbot.store import settings

    await home.submitted()
    await home.store.write(lambda conn: settings.pause(conn, "timers", paused=True))
    home.clock.advance(timedelta(days=30))
    assert await home.clockwork.ring() == 0
