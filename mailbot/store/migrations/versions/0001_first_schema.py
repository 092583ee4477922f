"""The first schema: every table of mailbot.store.schema as it was at revision 0001, frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes all tables and indexes."""
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_table(
        "claims",
        sa.Column("seq", ROW_ID, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("contested", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("organisation_name", sa.Text(), server_default="", nullable=False),
        sa.Column("location_id", sa.Text(), server_default="", nullable=False),
        sa.Column("name_lower", sa.Text(), server_default="", nullable=False),
        sa.Column("partner_email", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_email", sa.Text(), server_default="", nullable=False),
        sa.Column("second_email", sa.Text(), server_default="", nullable=False),
        sa.Column("tenant_admin_email", sa.Text(), server_default="", nullable=False),
        sa.Column("tenant_id", sa.Text(), server_default="", nullable=False),
        sa.Column("tenant_domain", sa.Text(), server_default="", nullable=False),
        sa.Column("solution_area", sa.Text(), server_default="", nullable=False),
        sa.Column("activity", sa.Text(), server_default="", nullable=False),
        sa.Column("assigned_to", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("next_due", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_claims")),
        sa.UniqueConstraint("id", name=op.f("uq_claims_id")),
    )
    op.create_index(
        op.f("ix_claims_assigned_to_seq"),
        "claims",
        ["assigned_to", "seq"],
        unique=False,
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open"),
    )
    op.create_index(op.f("ix_claims_changed_at_seq"), "claims", ["changed_at", "seq"], unique=False)
    op.create_index(op.f("ix_claims_customer_email_seq"), "claims", ["customer_email", "seq"], unique=False)
    op.create_index(op.f("ix_claims_name_lower_seq"), "claims", ["name_lower", "seq"], unique=False)
    op.create_index(
        op.f("ix_claims_next_due_seq"),
        "claims",
        ["next_due", "seq"],
        unique=False,
        sqlite_where=sa.text("next_due IS NOT NULL"),
        postgresql_where=sa.text("next_due IS NOT NULL"),
    )
    op.create_index(op.f("ix_claims_organisation_id_seq"), "claims", ["organisation_id", "seq"], unique=False)
    op.create_index(op.f("ix_claims_partner_email_seq"), "claims", ["partner_email", "seq"], unique=False)
    op.create_index(
        op.f("ix_claims_second_email_seq"),
        "claims",
        ["second_email", "seq"],
        unique=False,
        sqlite_where=sa.text("second_email <> ''"),
        postgresql_where=sa.text("second_email <> ''"),
    )
    op.create_index(op.f("ix_claims_status_seq"), "claims", ["status", "seq"], unique=False)
    op.create_index(
        op.f("ix_claims_tenant_admin_email_seq"),
        "claims",
        ["tenant_admin_email", "seq"],
        unique=False,
        sqlite_where=sa.text("tenant_admin_email <> ''"),
        postgresql_where=sa.text("tenant_admin_email <> ''"),
    )
    op.create_index(op.f("ix_claims_tenant_domain_seq"), "claims", ["tenant_domain", "seq"], unique=False)
    op.create_index(op.f("ix_claims_tenant_id_seq"), "claims", ["tenant_id", "seq"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("key_id", ROW_ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("peer", sa.Text(), server_default="", nullable=False),
        sa.Column("helo", sa.Text(), server_default="", nullable=False),
        sa.Column("mail_from", sa.Text(), server_default="", nullable=False),
        sa.Column("rcpt", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("tls", sa.Text(), server_default="", nullable=False),
        sa.Column("handle", ROW_ID, server_default=sa.text("0"), nullable=False),
        sa.Column("upstream", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("disposition", sa.Text(), server_default="accepted", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("claim_id", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("person", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("waits_for", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("reading", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "disposition IN ('accepted', 'applied', 'ignored', 'held', 'quarantined')",
            name=op.f("ck_inbox_disposition"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_accepted",
        "inbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("disposition = 'accepted'"),
        postgresql_where=sa.text("disposition = 'accepted'"),
    )
    op.create_index(
        "ix_inbox_claim_id",
        "inbox",
        ["claim_id", "id"],
        unique=False,
        sqlite_where=sa.text("claim_id <> ''"),
        postgresql_where=sa.text("claim_id <> ''"),
    )
    op.create_index(op.f("ix_inbox_disposition_id"), "inbox", ["disposition", "id"], unique=False)
    op.create_index(
        "ix_inbox_handle",
        "inbox",
        ["handle", "id"],
        unique=False,
        sqlite_where=sa.text("handle <> 0"),
        postgresql_where=sa.text("handle <> 0"),
    )
    op.create_index(
        "ix_inbox_handle_open",
        "inbox",
        ["handle", "received_at"],
        unique=False,
        sqlite_where=sa.text("disposition IN ('accepted', 'held')"),
        postgresql_where=sa.text("disposition IN ('accepted', 'held')"),
    )
    op.create_index(
        "ix_inbox_sender",
        "inbox",
        ["sender", "id"],
        unique=False,
        sqlite_where=sa.text("sender <> ''"),
        postgresql_where=sa.text("sender <> ''"),
    )
    op.create_index(
        "ix_inbox_waits_for",
        "inbox",
        ["waits_for", "id"],
        unique=False,
        sqlite_where=sa.text("waits_for <> ''"),
        postgresql_where=sa.text("waits_for <> ''"),
    )
    op.create_index(
        "uq_inbox_handle_digest",
        "inbox",
        ["handle", "digest"],
        unique=True,
        sqlite_where=sa.text("disposition = 'applied'"),
        postgresql_where=sa.text("disposition = 'applied'"),
    )
    op.create_table(
        "nonces",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_nonces")),
    )
    op.create_index(op.f("ix_nonces_expires"), "nonces", ["expires"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="", nullable=False),
        sa.Column("domains", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("name", name=op.f("uq_organisations_name")),
    )
    op.create_table(
        "outages",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("down_at", sa.BigInteger(), nullable=False),
        sa.Column("up_at", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("claim_id", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("party", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("handle", ROW_ID, nullable=True),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("mail_from", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_by", sa.Text(), server_default="", nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("maybe_sent", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("reported", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("answer", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("permanent", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("triggered_by", ROW_ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('mail', 'webhook')", name=op.f("ck_outbox_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'deferred', 'sent', 'bounced', 'expired', 'cancelled')", name=op.f("ck_outbox_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("claim_id", "key", "email", name=op.f("uq_outbox_claim_id_key_email")),
    )
    op.create_index(
        "ix_outbox_claim_id",
        "outbox",
        ["claim_id", "id"],
        unique=False,
        sqlite_where=sa.text("claim_id <> ''"),
        postgresql_where=sa.text("claim_id <> ''"),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_attempt", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'deferred')"),
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.create_index(op.f("ix_outbox_email_created_at"), "outbox", ["email", "created_at"], unique=False)
    op.create_index(
        "ix_outbox_handle",
        "outbox",
        ["handle"],
        unique=False,
        sqlite_where=sa.text("handle IS NOT NULL"),
        postgresql_where=sa.text("handle IS NOT NULL"),
    )
    op.create_index(op.f("ix_outbox_message_id"), "outbox", ["message_id"], unique=False)
    op.create_index(
        "ix_outbox_state",
        "outbox",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("state <> 'sent'"),
        postgresql_where=sa.text("state <> 'sent'"),
    )
    op.create_index(
        "ix_outbox_unreported",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('sent', 'bounced', 'expired') AND reported = 0"),
        postgresql_where=sa.text("state IN ('sent', 'bounced', 'expired') AND NOT reported"),
    )
    op.create_table(
        "policies",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "refusals",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("peer", sa.Text(), server_default="", nullable=False),
        sa.Column("helo", sa.Text(), server_default="", nullable=False),
        sa.Column("mail_from", sa.Text(), server_default="", nullable=False),
        sa.Column("rcpt", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
    )
    op.create_index(op.f("ix_refusals_at"), "refusals", ["at"], unique=False)
    op.create_index(op.f("ix_refusals_peer_id"), "refusals", ["peer", "id"], unique=False)
    op.create_table(
        "reply_addresses",
        sa.Column("handle", ROW_ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("outbox_id", ROW_ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_reply_addresses")),
    )
    op.create_index(op.f("ix_reply_addresses_email"), "reply_addresses", ["email"], unique=False)
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "address_claims",
        sa.Column("handle", ROW_ID, nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_address_claims_claim_id")),
        sa.ForeignKeyConstraint(["handle"], ["reply_addresses.handle"], name=op.f("fk_address_claims_handle")),
        sa.PrimaryKeyConstraint("handle", "claim_id", name=op.f("pk_address_claims")),
    )
    op.create_index(op.f("ix_address_claims_claim_id_key"), "address_claims", ["claim_id", "key"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_api_keys_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_table(
        "blob_uses",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_blob_uses_sha256")),
        sa.PrimaryKeyConstraint("sha256", "user", name=op.f("pk_blob_uses")),
    )
    op.create_index(op.f("ix_blob_uses_user"), "blob_uses", ["user"], unique=False)
    op.create_table(
        "claim_keys",
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_keys_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "tenant", "product", "subscription", name=op.f("pk_claim_keys")),
    )
    op.create_index(
        op.f("ix_claim_keys_tenant_product_subscription"),
        "claim_keys",
        ["tenant", "product", "subscription"],
        unique=False,
    )
    op.create_table(
        "history",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("inbox_id", ROW_ID, nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("private", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_history_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
        sa.UniqueConstraint("claim_id", "event_id", name=op.f("uq_history_claim_id_event_id")),
        sa.UniqueConstraint("claim_id", "seq", name=op.f("uq_history_claim_id_seq")),
    )
    op.create_table(
        "history_heads",
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_history_heads_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_history_heads")),
    )
    op.create_table(
        "inbox_bytes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["inbox.id"], name=op.f("fk_inbox_bytes_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_bytes")),
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="", nullable=False),
        sa.Column("enrolled", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_locations_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
    )
    op.create_index(op.f("ix_locations_organisation_id"), "locations", ["organisation_id"], unique=False)
    op.create_table(
        "outbox_bytes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["outbox.id"], name=op.f("fk_outbox_bytes_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_bytes")),
    )
    op.create_table(
        "persons",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("locations", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_persons_organisation_id")),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_persons")),
    )
    op.create_index(op.f("ix_persons_organisation_id"), "persons", ["organisation_id"], unique=False)
    op.create_table(
        "timers",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="set", nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('set', 'fired', 'cancelled')", name=op.f("ck_timers_state")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_timers_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint(
            "claim_id", "kind", "subject", "what", "at", "due", name=op.f("uq_timers_claim_id_kind_subject_what_at_due")
        ),
    )
    op.create_index(
        "ix_timers_at",
        "timers",
        ["at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'set'"),
        postgresql_where=sa.text("state = 'set'"),
    )
    op.create_table(
        "waiting",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("claim_id", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("leave_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
        sa.UniqueConstraint("claim_id", "key", "email", name=op.f("uq_waiting_claim_id_key_email")),
    )
    op.create_index(op.f("ix_waiting_email_party"), "waiting", ["email", "party"], unique=False)
    op.create_index(op.f("ix_waiting_leave_at"), "waiting", ["leave_at"], unique=False)
