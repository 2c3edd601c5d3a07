"""Triggers that refuse to change or delete what is kept for ever, whoever asks."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("editor_review", "editor_ledgerentry", "editor_auditentry")

POSTGRES_FUNCTION = """
CREATE FUNCTION editor_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% rows are never changed', TG_TABLE_NAME; END $$
"""


def keep(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(POSTGRES_FUNCTION)
    for table in TABLES:
        for act in ("UPDATE", "DELETE"):
            name = f"{table}_keeps_{act.lower()}"
            body = (
                "FOR EACH ROW EXECUTE FUNCTION editor_refuse_change()"
                if vendor == "postgresql"
                else f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END"
            )
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} {body}")


def let_go(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    for table in TABLES:
        for act in ("update", "delete"):
            on = f" ON {table}" if vendor == "postgresql" else ""
            schema_editor.execute(f"DROP TRIGGER {table}_keeps_{act}{on}")
    if vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION editor_refuse_change()")


class Migration(migrations.Migration):
    dependencies = [("editor", "0001_records")]
    operations = [migrations.RunPython(keep, let_go)]
