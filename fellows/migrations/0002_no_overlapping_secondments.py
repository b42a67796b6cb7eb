"""No two secondments of one post share a day, kept by the database itself.

PostgreSQL has a constraint for it. On SQLite two triggers refuse the row; a later migration that makes
``fellows_secondment`` anew drops them there, and must end by calling ``add`` again.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAME = "secondment_no_overlap_in_post"
TRIGGER = """
CREATE TRIGGER {name}_{event} BEFORE {event} ON fellows_secondment
WHEN EXISTS (
  SELECT 1 FROM fellows_secondment AS other
  WHERE other.post_id = NEW.post_id AND other.id IS NOT NEW.id
    AND other.starts_on <= COALESCE(NEW.ends_on, '9999-12-31') AND NEW.starts_on <= COALESCE(other.ends_on, '9999-12-31')
)
BEGIN SELECT RAISE(ABORT, '{name}'); END
"""


def add(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        schema_editor.execute(
            f"ALTER TABLE fellows_secondment ADD CONSTRAINT {NAME} "
            "EXCLUDE USING gist (post_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&)"
        )
    else:
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(TRIGGER.format(name=NAME, event=event))


def drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE fellows_secondment DROP CONSTRAINT {NAME}")
    else:
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(f"DROP TRIGGER {NAME}_{event}")


class Migration(migrations.Migration):
    dependencies = [("fellows", "0001_initial")]

    operations = [migrations.RunPython(add, drop)]
