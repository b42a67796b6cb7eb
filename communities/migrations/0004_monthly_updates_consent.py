"""Ask whether people want a monthly update."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("communities", "0003_scheduled_newsletters_and_reports"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="wants_updates",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="consent",
            name="purpose",
            field=models.CharField(
                choices=[("newsletters", "Newsletters"), ("events", "Events"), ("updates", "Monthly updates")],
                max_length=12,
            ),
        ),
    ]
