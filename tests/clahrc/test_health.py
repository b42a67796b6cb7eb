import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from clahrc import health


@pytest.fixture
def ready_parts(monkeypatch):
    """``ready_parts["broker"] = check`` puts another check in a part's place."""
    parts = dict(health.CHECKS)
    monkeypatch.setattr(health, "CHECKS", parts)
    return parts


def test_healthz_when_anonymous_then_ok_and_never_cached(client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


def test_healthz_when_database_is_out_then_still_ok(client):
    # No ``db`` mark: pytest-django fails the test on any query.
    assert client.get(reverse("healthz")).status_code == 200


@pytest.mark.parametrize("name", ["healthz", "readyz"])
@pytest.mark.django_db
def test_health_when_posted_then_405(name):
    assert Client(enforce_csrf_checks=False).post(reverse(name)).status_code == 405


@pytest.mark.django_db
def test_readyz_when_all_is_well_then_200(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": "ready", "migrations": "ready", "broker": "ready"}


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["database", "migrations", "broker"])
def test_readyz_when_a_part_fails_then_503_names_it_and_tells_no_secret(client, ready_parts, part, caplog):
    def fail():
        raise OSError("redis://user:open-sesame@broker.internal refused")

    ready_parts[part] = fail
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()[part] == "not ready"
    assert [key for key, value in response.json().items() if value == "not ready"] == [part]
    assert "open-sesame" not in response.content.decode()
    assert "open-sesame" in caplog.text


@pytest.mark.django_db
def test_readyz_when_a_migration_is_unapplied_then_503(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["migrations"] == "not ready"


@pytest.mark.django_db
def test_readyz_when_nobody_listens_at_the_broker_then_503(client, monkeypatch):
    from celery import Celery

    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # it would count for more than what an app is told
    monkeypatch.setattr(health, "current_app", Celery(broker="redis://127.0.0.1:1/0", set_as_current=False))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["broker"] == "not ready"


@pytest.mark.django_db
def test_readyz_when_the_brokers_folder_is_gone_then_503(client, monkeypatch, tmp_path):
    from celery import Celery

    app = Celery(broker="filesystem://", set_as_current=False)
    app.conf.broker_transport_options = {"data_folder_out": str(tmp_path / "gone")}
    monkeypatch.setattr(health, "current_app", app)
    assert client.get("/readyz").json()["broker"] == "not ready"
