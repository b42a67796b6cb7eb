"""The waiting list under every order of events, and under many people at once: never overbooked, nobody overtaken."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from communities.models import Attempt, Event, Registration
from communities.services.errors import RefusedError
from communities.services.events import save_event
from communities.services.registrations import (
    accept_offer,
    cancel_registration,
    lock_event,
    pass_all_places_on,
    register,
)
from people.models import User
from tests.communities.factories import make_event
from tests.communities.together import at_once
from tests.conftest import make_user

START = dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
people = st.integers(min_value=0, max_value=7)


class Line(RuleBasedStateMachine):
    """One event, eight people and a clock; what should be is followed beside what is."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(START, tick=False)
        self.now = self.clock.start()
        self.staff = User.objects.filter(email="planner@example.org").first() or make_user("planner")
        self.offered_in_turn: list[int] = []

    def teardown(self) -> None:
        self.clock.stop()
        self.event.delete()

    @initialize(capacity=st.integers(min_value=1, max_value=3), days=st.integers(min_value=1, max_value=20))
    def plan(self, capacity: int, days: int) -> None:
        starts_at = START + days * 24 * HOUR
        self.event = make_event(
            takes_registrations=True, capacity=capacity, starts_at=starts_at, ends_at=starts_at + HOUR
        )

    def of(self, person: int) -> Registration | None:
        return self.event.registrations.filter(email=f"{person}@example.org").first()

    @rule(person=people)
    def registers(self, person: int) -> None:
        Attempt.objects.all().delete()
        waiting = self.event.registrations.waiting().exists()
        before = self.of(person)
        live = before is not None and before.is_live
        try:
            after = register(event=self.event, email=f"{person}@example.org", name=f"P {person}", host="192.0.2.1")
        except RefusedError:
            assert not Event.objects.get(pk=self.event.pk).is_open_to_register
            return
        assert after.status == before.status if live else not (waiting and after.is_coming)

    @rule(person=people)
    def cancels(self, person: int) -> None:
        self._try(person, lambda registration: cancel_registration(registration=registration))

    @rule(person=people)
    def accepts(self, person: int) -> None:
        before = self.of(person)
        may = before and (before.is_coming or (before.is_offered and before.offer_is_open))
        if self._try(person, lambda registration: accept_offer(registration=registration)):
            assert may

    def _try(self, person: int, action) -> bool:
        registration = self.of(person)
        if registration is None:
            return False
        try:
            action(registration)
        except RefusedError:
            return False
        return True

    @rule(hours=st.sampled_from([1, 12, 25, 49, 24 * 7]))
    def time_passes(self, hours: int) -> None:
        self.now.shift(hours * HOUR)

    @rule()
    def the_task_runs(self) -> None:
        pass_all_places_on()
        assert pass_all_places_on() == 0

    @rule(capacity=st.none() | st.integers(min_value=1, max_value=6))
    def staff_change_the_capacity(self, capacity: int | None) -> None:
        current = Event.objects.get(pk=self.event.pk)
        taken = current.registrations.taking_places().count()
        try:
            save_event(event=current, version=current.version, changes={"capacity": capacity}, by=self.staff)
        except RefusedError:
            assert capacity is not None
            assert capacity < taken

    @precondition(lambda self: hasattr(self, "event"))
    @invariant()
    def never_overbooked(self) -> None:
        capacity = Event.objects.get(pk=self.event.pk).capacity
        taken = self.event.registrations.taking_places().count()
        assert capacity is None or taken <= capacity

    @precondition(lambda self: hasattr(self, "event"))
    @invariant()
    def nobody_is_overtaken(self) -> None:
        rows = self.event.registrations.live()
        waiting = rows.filter(status="waiting").order_by("turn").first()
        last_offered = rows.filter(status="offered").order_by("-turn").first()
        assert not (waiting and last_offered) or last_offered.turn < waiting.turn

    @precondition(lambda self: hasattr(self, "event"))
    @invariant()
    def one_row_for_each_address(self) -> None:
        addresses = list(self.event.registrations.values_list("email", flat=True))
        assert len(addresses) == len(set(addresses))


@pytest.mark.django_db
def test_line_when_anything_happens_in_any_order_then_never_overbooked_and_in_turn():
    run_state_machine_as_test(
        Line,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.django_db(transaction=True)
def test_register_when_twelve_press_at_once_then_as_many_places_as_there_are_and_every_turn_once():
    event = make_event(takes_registrations=True, capacity=3)

    def press(number: int):
        return lambda: register(event=event, email=f"{number % 10}@example.org", name="N", host=f"192.0.2.{number}")

    assert at_once([press(number) for number in range(12)]) == []
    rows = event.registrations.all()
    assert rows.count() == 10
    assert rows.coming().count() == 3
    assert sorted(rows.values_list("turn", flat=True)) == list(range(1, 11))
    assert max(rows.coming().values_list("turn", flat=True)) < min(rows.waiting().values_list("turn", flat=True))


@pytest.mark.django_db(transaction=True)
def test_places_when_people_cancel_and_accept_and_the_task_runs_at_once_then_never_overbooked():
    event = make_event(takes_registrations=True, capacity=2)
    registered = [
        register(event=event, email=f"{number}@example.org", name="N", host=f"192.0.2.{number}") for number in range(6)
    ]
    cancel_registration(registration=registered[0])
    actions = [lambda: cancel_registration(registration=registered[1]), pass_all_places_on, pass_all_places_on]
    actions += [lambda each=each: accept_offer(registration=each) for each in registered[2:5]]
    assert at_once(actions) == []
    assert event.registrations.taking_places().count() == 2
    assert event.registrations.waiting().count() == 2


@pytest.mark.django_db(transaction=True)
def test_capacity_when_lowered_while_people_register_then_never_below_what_is_taken():
    event, staff = make_event(takes_registrations=True, capacity=8), make_user("planner")
    actions = [
        lambda number=number: register(event=event, email=f"{number}@example.org", name="N", host=f"192.0.2.{number}")
        for number in range(6)
    ]
    actions.append(lambda: save_event(event=event, version=1, changes={"capacity": 3}, by=staff))
    assert at_once(actions) == []
    event.refresh_from_db()
    assert event.registrations.taking_places().count() <= event.capacity


@pytest.mark.django_db
def test_lock_when_taken_then_asks_the_database_for_the_row(django_assert_num_queries):
    event = make_event()
    with django_assert_num_queries(1) as captured:
        lock_event(event)
    if connection.features.has_select_for_update:
        assert "FOR UPDATE" in captured.captured_queries[0]["sql"]
