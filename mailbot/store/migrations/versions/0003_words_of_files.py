"""Which files say the same."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "blob_words",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_blob_words_sha256_blobs")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob_words")),
    )
    op.create_index(op.f("ix_blob_words_digest"), "blob_words", ["digest"])
