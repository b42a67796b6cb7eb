"""What was one text becomes a newsletter's first block, and the versions of that text become the block's history."""

from django.db import migrations


def make_blocks(apps, schema_editor):
    newsletters = apps.get_model("communities", "Newsletter")
    blocks = apps.get_model("communities", "NewsletterBlock")
    for newsletter in newsletters.objects.exclude(body="").iterator():
        block = blocks.objects.create(
            newsletter=newsletter, position=10, kind="story", words=newsletter.body, updated_by=newsletter.updated_by
        )
        _keep_history(apps, newsletter, block)


def _keep_history(apps, newsletter, block):
    past = apps.get_model("communities", "HistoricalNewsletter").objects.filter(id=newsletter.pk)
    kept = apps.get_model("communities", "HistoricalNewsletterBlock")
    body = None
    for row in past.order_by("history_date", "history_id").iterator():
        if row.body == body:
            continue
        kept.objects.create(
            id=block.pk, newsletter_id=newsletter.pk, position=block.position, kind=block.kind, words=row.body,
            version=row.version, updated_by_id=row.updated_by_id, history_date=row.history_date,
            history_type="+" if body is None else "~", history_user_id=row.history_user_id,
        )  # fmt: skip
        body = row.body


def join_words(apps, schema_editor):
    """Back again: the words of all blocks, which is all that one text can hold."""
    newsletters = apps.get_model("communities", "Newsletter")
    for newsletter in newsletters.objects.iterator():
        parts = [part for each in newsletter.blocks.order_by("position", "pk") for part in (each.heading, each.words)]
        newsletter.body = "\n\n".join(filter(None, parts))
        newsletter.save(update_fields=["body"])


class Migration(migrations.Migration):
    dependencies = [("communities", "0006_newsletter_blocks")]
    operations = [migrations.RunPython(make_blocks, join_words)]
