"""Which node reads a mail."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the column; the release before, which does not write it, goes on."""
    op.add_column("inbox", sa.Column("lease_by", sa.Text(), nullable=False, server_default=""))
