"""No two secondments of one post share a day, kept by PostgreSQL itself.

SQLite has no exclusion constraints. There ``fellows.services`` looks for overlaps while it holds the write lock, and
the partial unique constraint of the first migration allows one secondment without a last day in each post.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add_constraint(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    schema_editor.execute(
        "ALTER TABLE fellows_secondment ADD CONSTRAINT secondment_no_overlap_in_post "
        "EXCLUDE USING gist (post_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&)"
    )


def drop_constraint(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("ALTER TABLE fellows_secondment DROP CONSTRAINT secondment_no_overlap_in_post")


class Migration(migrations.Migration):
    dependencies = [("fellows", "0001_initial")]

    operations = [migrations.RunPython(add_constraint, drop_constraint)]
