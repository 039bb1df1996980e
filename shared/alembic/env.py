"""How Alembic runs a service's migrations: on a given connection, with lock and statement timeouts."""

from alembic import context
from sqlalchemy import text

config = context.config
connection = config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=config.attributes["target_metadata"],
    compare_type=True,
    compare_server_default=False,
    transaction_per_migration=True,
)
with context.begin_transaction():
    # A migration that cannot get its lock soon gives up instead of queueing everybody behind it.
    connection.execute(text(f"SET lock_timeout = '{config.attributes['lock_timeout']}'"))
    connection.execute(text(f"SET statement_timeout = '{config.attributes['statement_timeout']}'"))
    context.run_migrations()
