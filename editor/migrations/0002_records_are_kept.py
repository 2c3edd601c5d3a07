"""Triggers that refuse to change or delete what is kept for ever, whoever asks."""

from collections.abc import Iterator

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("editor_review", "editor_ledgerentry", "editor_auditentry")

POSTGRES_FUNCTION = """
CREATE FUNCTION editor_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% rows are never changed', TG_TABLE_NAME; END $$
"""


def statements(vendor: str) -> Iterator[str]:
    if vendor == "postgresql":
        yield POSTGRES_FUNCTION
    for table in TABLES:
        for act in ("UPDATE", "DELETE"):
            body = (
                "FOR EACH ROW EXECUTE FUNCTION editor_refuse_change()"
                if vendor == "postgresql"
                else f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END"
            )
            yield f"CREATE TRIGGER {table}_keeps_{act.lower()} BEFORE {act} ON {table} {body}"


def reverse_statements(vendor: str) -> Iterator[str]:
    for table in TABLES:
        for act in ("update", "delete"):
            on = f" ON {table}" if vendor == "postgresql" else ""
            yield f"DROP TRIGGER IF EXISTS {table}_keeps_{act}{on}"
    if vendor == "postgresql":
        yield "DROP FUNCTION IF EXISTS editor_refuse_change()"


def keep(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in statements(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


def let_go(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in reverse_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("editor", "0001_records")]
    operations = [migrations.RunPython(keep, let_go)]
