"""Run by Alembic: migrates the database behind the connection that `casebook.database.engine.upgrade` hands over."""

from alembic import context

from casebook.database.engine import VERSION_TABLE
from casebook.schema.base import Base

connection = context.config.attributes["connection"]
# SQLite can roll back a schema change; Alembic assumes that it cannot, without this setting.
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
