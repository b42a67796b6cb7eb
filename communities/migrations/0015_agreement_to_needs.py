# What people eat and need is kept with the words that they agreed to.

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("communities", "0014_long_links_to_join"),
    ]

    operations = [
        migrations.AddField(
            model_name="attendeeneeds",
            name="agreed_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="attendeeneeds",
            name="agreed_to",
            field=models.TextField(blank=True, help_text="The words of the box that was ticked."),
        ),
    ]
