from __future__ import annotations

import pytest

from people import privacy


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(privacy, "_exporters", [])
    monkeypatch.setattr(privacy, "_erasers", [])


def test_data_when_two_apps_hold_some_then_has_a_part_for_each(stranger):
    privacy.register(lambda user: {"Account": user.email})
    privacy.register(lambda user: {"Reviews": []})
    assert privacy.data_on(stranger) == {"Account": "stranger@example.org", "Reviews": []}


def test_register_when_called_twice_then_erases_once(stranger):
    erased: list[int] = []

    def exporter(user):
        return {}

    def eraser(user):
        erased.append(user.pk)

    privacy.register(exporter, eraser)
    privacy.register(exporter, eraser)
    privacy.erase(stranger)
    assert erased == [stranger.pk]
