"""What was kept before is kept after: newsletters that were one text become newsletters of blocks, and back again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE, WITH_BLOCKS = ("communities", "0006_newsletter_blocks"), ("communities", "0007_bodies_become_blocks")


def migrate(*targets):
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets))
    return MigrationExecutor(connection).loader.project_state(list(targets)).apps


@pytest.fixture
def _as_it_was():
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.usefixtures("_as_it_was")
@pytest.mark.django_db(transaction=True)
def test_bodies_when_migrated_then_a_block_with_all_its_versions_and_back_again(community, staff):
    apps = migrate(BEFORE)
    newsletter = apps.get_model("communities", "Newsletter").objects.create(
        slug="old", community_id=community.pk, title="Old", introduction="Before.", body="## News\n\nHello.",
        updated_by_id=staff.pk,
    )  # fmt: skip
    past = apps.get_model("communities", "HistoricalNewsletter")
    for version, body in ((1, "Hallo."), (2, "Hallo."), (3, "## News\n\nHello.")):
        past.objects.create(
            id=newsletter.pk, slug="old", community_id=community.pk, title="Old", introduction="Before.", body=body,
            version=version, updated_by_id=staff.pk, history_type="~",
            history_date=dt.datetime(2026, 1, version, tzinfo=dt.UTC),
        )  # fmt: skip
    block = migrate(WITH_BLOCKS).get_model("communities", "NewsletterBlock").objects.get(newsletter_id=newsletter.pk)
    assert (block.kind, block.words, block.updated_by_id) == ("story", "## News\n\nHello.", staff.pk)
    kept = migrate(WITH_BLOCKS).get_model("communities", "HistoricalNewsletterBlock").objects.filter(id=block.pk)
    assert list(kept.order_by("history_date").values_list("history_type", "version", "words")) == [
        ("+", 1, "Hallo."), ("~", 3, "## News\n\nHello."),
    ]  # fmt: skip
    back = migrate(BEFORE).get_model("communities", "Newsletter").objects.get(pk=newsletter.pk)
    assert back.body == "## News\n\nHello."
