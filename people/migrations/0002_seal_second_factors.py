"""Seals the secrets of second factors that stand in clear; backwards, puts them in clear again (decision 13).

What no key of this host opens stays as it is, and the log says so.
"""

from typing import ClassVar

from django.db import migrations


def seal(apps, schema_editor):
    from people.second_factors import seal_rows

    seal_rows(apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias))


def unseal(apps, schema_editor):
    from people.second_factors import unseal_rows

    unseal_rows(apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias))


class Migration(migrations.Migration):
    dependencies: ClassVar = [("people", "0001_initial"), ("mfa", "0003_authenticator_type_uniq")]

    operations: ClassVar = [migrations.RunPython(seal, unseal)]
