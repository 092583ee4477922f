"""Every table, and in comments every state with its legal moves. Values only: nothing here talks to a database.

Row ids grow with time so that inserts append; each list and each due scan has an index of its own, partial where only
a few rows matter, so that speed does not depend on how much history there is (performance.md, choice 9).
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from mailbot.store.columns import BigId, Json, at, count, flags, row_id, states, texts, when, words

REVISION = "0004"
"""The Alembic revision these tables are: a database at an older one is not opened."""

OLDEST = "0001"
"""The oldest revision whose program may go on with these tables; what breaks an older one raises it."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# Facts about this installation: key fingerprint, pauses, the listener's last beat (settings.py).
settings = Table("settings", metadata, Column("key", Text, primary_key=True), Column("value", Json, nullable=False))

# Times at which nobody listened (domain §4.4 b). Written once, when the listener is back.
outages = Table("outages", metadata, row_id(), *at("down_at", "up_at"), *words("cause"))

# The rules as they were when a claim was pinned to them. Never changed.
policies = Table("policies", metadata, Column("version", Text, primary_key=True), Column("text", Text, nullable=False))

organisations = Table(
    "organisations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    *words("country", "time_zone"),
    Column("domains", Json, nullable=False),
)

locations = Table(
    "locations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", ForeignKey("organisations.id"), nullable=False, index=True),
    *words("country", "time_zone"),
    Column("enrolled", Json, nullable=False),
)

# person: known → removed (office) → known (import). `email` is canonical (addresses.py), `address` as it was given.
persons = Table(
    "persons",
    metadata,
    Column("email", Text, primary_key=True),
    *texts("address"),
    *words("name", "language"),
    Column("organisation_id", ForeignKey("organisations.id"), index=True),
    Column("roles", Json, nullable=False),
    Column("locations", Json, nullable=False),
    *at("changed_at"),
    *at("removed_at", nullable=True),
)

# claim: status, consent and association move by claims.decide only (domain §4); `version` counts committed changes.
# `document` is the claim itself; the other columns repeat what is searched. `seq` grows with the time of creation.
claims = Table(
    "claims",
    metadata,
    Column("seq", BigId, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    *texts("status", "consent", "association", "organisation_id"),
    *flags("contested", "open"),
    *words("organisation_name", "location_id", "name_lower", "partner_email"),
    *words("customer_email", "second_email", "tenant_admin_email", "tenant_id", "tenant_domain"),
    *words("solution_area", "activity", "assigned_to"),
    *at("created_at", "changed_at"),
    *at("submitted_at", "next_due", nullable=True),
    *texts("document"),
    Index(None, "status", "seq"),
    Index(None, "organisation_id", "seq"),
    Index(None, "changed_at", "seq"),
    Index(None, "name_lower", "seq"),
    Index(None, "tenant_domain", "seq"),
    Index(None, "tenant_id", "seq"),
    Index(None, "partner_email", "seq"),
    Index(None, "customer_email", "seq"),
    Index(None, "second_email", "seq", **when("second_email <> ''")),
    Index(None, "tenant_admin_email", "seq", **when("tenant_admin_email <> ''")),
    Index(None, "assigned_to", "seq", **when("open", sqlite="open = 1")),
    Index(None, "next_due", "seq", **when("next_due IS NOT NULL")),
)

# What a claim claims: one row per tenant, product and subscription (domain §3). Follows the claim's document.
claim_keys = Table(
    "claim_keys",
    metadata,
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("subscription", Text, primary_key=True),
    Index(None, "tenant", "product", "subscription"),
)

# timer: set → fired (scheduler) · cancelled (its clock stopped or moved); cancelled → set when the same due returns.
# A fired timer is never set again: each reminder is sent once (I7).
timers = Table(
    "timers",
    metadata,
    row_id(),
    Column("claim_id", ForeignKey("claims.id"), nullable=False),
    *texts("kind"),
    *words("subject"),
    *texts("what"),
    *at("at", "due"),
    Column("state", Text, nullable=False, server_default="set"),
    *at("ended_at", nullable=True),
    UniqueConstraint("claim_id", "kind", "subject", "what", "at", "due"),
    Index("ix_timers_at", "at", "id", **when("state = 'set'")),
    states("set", "fired", "cancelled"),
)

# Append only. One hash chain per claim (security item 41); erasure empties `actor`, `private` and `salt`, no more.
history = Table(
    "history",
    metadata,
    row_id(),
    Column("claim_id", ForeignKey("claims.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    *at("at"),
    *texts("event_id", "kind", "channel", "public"),
    Column("inbox_id", BigId),
    *words("actor"),
    Column("private", Text),
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("claim_id", "seq"),
    UniqueConstraint("claim_id", "event_id"),
)

# Where each chain ends: the next link needs it, and a cut-off chain shows against it.
history_heads = Table(
    "history_heads",
    metadata,
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# inbox item: accepted → applied · ignored · held · quarantined (engine, in the claim's transaction);
# held · quarantined · ignored → accepted by replay or attach. `handle` 0: no reply address (claims@, postmaster@).
inbox = Table(
    "inbox",
    metadata,
    row_id(),
    *at("received_at"),
    *words("peer", "helo", "mail_from", "rcpt", "role", "purpose", "tls"),
    Column("handle", BigId, nullable=False, server_default=text("0")),
    *flags("upstream"),
    *texts("sha256"),
    Column("size", Integer, nullable=False),
    Column("disposition", Text, nullable=False, server_default="accepted"),
    count("attempts"),
    *words("reason", "claim_id", "sender", "person", "digest", "message_id", "subject", "waits_for"),
    *at("settled_at", "lease_until", nullable=True),
    *words("lease_by"),
    Column("trace", Json),
    Column("reading", Json),
    Index("ix_inbox_accepted", "id", **when("disposition = 'accepted'")),
    Index(None, "disposition", "id"),
    Index("uq_inbox_handle_digest", "handle", "digest", unique=True, **when("disposition = 'applied'")),
    Index("ix_inbox_handle_open", "handle", "received_at", **when("disposition IN ('accepted', 'held')")),
    Index("ix_inbox_handle", "handle", "id", **when("handle <> 0")),
    Index("ix_inbox_claim_id", "claim_id", "id", **when("claim_id <> ''")),
    Index("ix_inbox_waits_for", "waits_for", "id", **when("waits_for <> ''")),
    Index("ix_inbox_sender", "sender", "id", **when("sender <> ''")),
    states("accepted", "applied", "ignored", "held", "quarantined", column="disposition"),
)

# The wire bytes, untouched; no row when they are large (then a file named `sha256`) or erased. They lie apart from the
# item because its row is written again at each step.
_of_inbox: Column[int] = Column("id", ForeignKey("inbox.id"), primary_key=True)
inbox_bytes = Table("inbox_bytes", metadata, _of_inbox, Column("raw", LargeBinary))

# reply address: live → revoked, for each of its claims by itself (a joined mail speaks for several). `key` is the
# outgoing mail's key within that claim (events.Mail.key): by it a report of the relay finds the deadline it concerns.
reply_addresses = Table(
    "reply_addresses",
    metadata,
    Column("handle", BigId, primary_key=True),
    *texts("email", "party"),
    *words("name", "code"),
    Column("outbox_id", BigId),
    *at("created_at"),
    Column("expires", Date),
    count("uses"),
    Index(None, "email"),
)

address_claims = Table(
    "address_claims",
    metadata,
    Column("handle", ForeignKey("reply_addresses.handle"), primary_key=True),
    Column("claim_id", ForeignKey("claims.id"), primary_key=True),
    count("place"),
    *words("key"),
    *at("revoked_at", nullable=True),
    Index(None, "claim_id", "key"),
)

# outgoing item: queued ⇄ deferred → sent · bounced · expired · cancelled, under a lease; sent → bounced by a report;
# bounced · expired → queued by `outbox retry`. A cancelled one that was in the relay's hands may still become sent.
# Mail and webhook alike. `claim_id` is empty for what belongs to no claim; body and Message-ID never change.
_ENDED = "state IN ('sent', 'bounced', 'expired')"
outbox = Table(
    "outbox",
    metadata,
    row_id(),
    *words("claim_id"),
    *texts("key", "kind"),
    *words("code", "party", "email", "language"),
    Column("handle", BigId),
    *words("message_id", "mail_from", "target", "subject"),
    Column("state", Text, nullable=False, server_default="queued"),
    count("attempts"),
    *at("next_attempt"),
    *at("lease_until", nullable=True),
    *words("lease_by", "last_error", "status"),
    *flags("maybe_sent", "reported", "answer", "permanent"),
    Column("triggered_by", BigId),
    *at("created_at"),
    *at("sent_at", "delivered_at", "ended_at", nullable=True),
    UniqueConstraint("claim_id", "key", "email"),
    Index("ix_outbox_due", "next_attempt", "id", **when("state IN ('queued', 'deferred')")),
    Index("ix_outbox_unreported", "id", **when(f"{_ENDED} AND NOT reported", sqlite=f"{_ENDED} AND reported = 0")),
    Index("ix_outbox_state", "state", "id", **when("state <> 'sent'")),
    Index("ix_outbox_claim_id", "claim_id", "id", **when("claim_id <> ''")),
    Index(None, "message_id"),
    Index("ix_outbox_handle", "handle", **when("handle IS NOT NULL")),
    Index(None, "email", "created_at"),
    states("queued", "deferred", "sent", "bounced", "expired", "cancelled"),
    CheckConstraint("kind IN ('mail', 'webhook')", name="kind"),
)

# The bytes to send, fixed when the row is put.
_of_outbox: Column[int] = Column("id", ForeignKey("outbox.id"), primary_key=True)
outbox_bytes = Table("outbox_bytes", metadata, _of_outbox, Column("body", LargeBinary))

# Mails that wait for others to the same contact: notices (domain §7, clock `join`), and answers over the day's cap,
# of which some belong to no claim. Deleted when done.
waiting = Table(
    "waiting",
    metadata,
    row_id(),
    *words("claim_id"),
    *texts("email", "party", "code", "key"),
    Column("context", Json, nullable=False),
    *at("leave_at"),
    UniqueConstraint("claim_id", "key", "email"),
    Index(None, "leave_at"),
    Index(None, "email", "party"),
)

# API key: live → revoked; only its SHA-256 is kept.
api_keys = Table(
    "api_keys",
    metadata,
    row_id(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    *texts("role"),
    Column("organisation_id", ForeignKey("organisations.id")),
    *words("label"),
    *at("created_at"),
    *at("expires", "revoked_at", nullable=True),
)

# Answers to API calls with an Idempotency-Key, for 24 hours.
idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", BigId, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    *texts("answer"),
    *at("at"),
    Index(None, "at"),
)

# webhook: live → removed.
webhooks = Table(
    "webhooks",
    metadata,
    row_id(),
    *texts("url", "secret"),
    Column("types", Json, nullable=False),
    Column("organisation_id", Text),
    *at("created_at"),
    *at("removed_at", nullable=True),
)

# Form nonces and single-use links that were used, until they would have expired anyway.
nonces = Table("nonces", metadata, Column("nonce", Text, primary_key=True), *at("expires"), Index(None, "expires"))

# Commands that the listener refused, for 30 days (`mailbot trace`).
refusals = Table(
    "refusals",
    metadata,
    row_id(),
    *at("at"),
    *words("peer", "helo", "mail_from", "rcpt"),
    Column("code", Integer, nullable=False),
    *words("reason"),
    Index(None, "at"),
    Index(None, "peer", "id"),
)

# Addresses of people who asked to be forgotten, as HMACs that tell nobody who they are (security item 42).
suppressions = Table("suppressions", metadata, Column("digest", LargeBinary, primary_key=True), *at("at"))

# Bytes by their SHA-256: content in the row, or NULL for a file of that name. Kept while `blob_uses` names a user.
blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    *at("created_at"),
    Column("content", LargeBinary),
)

blob_uses = Table(
    "blob_uses",
    metadata,
    Column("sha256", ForeignKey("blobs.sha256"), primary_key=True),
    Column("user", Text, primary_key=True),
    Index(None, "user"),
)

# What a file says, as a digest of its words, from the first time a reviewer looks at it until its bytes go.
blob_words = Table(
    "blob_words",
    metadata,
    Column("sha256", ForeignKey("blobs.sha256"), primary_key=True),
    *texts("digest"),
    Index(None, "digest"),
)
