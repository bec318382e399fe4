"""One write: what the store answers when it cancels a transaction, and what the caller learns from it."""

from typing import Any

import pytest

from chalicelib import audit
from chalicelib.context import Actor, ActorKind, Context, begin
from chalicelib.domain.actions import AuditAction
from chalicelib.tables import Account, AuditEvent, Content, Text
from chalicelib.tables.base import Item, batch_get
from chalicelib.tables.transaction import Stale, Transaction
from tests.agency import Agency
from tests.conftest import SETTINGS
from tests.wire import Fault

WRITE = "TransactWriteItems"


def context() -> Context:
    """A call's context."""
    return begin(SETTINGS, Actor(ActorKind.TIMER, "t"), client_request_id="r")


def of(*key: Any) -> Item:
    """The item as it is."""
    (item,) = batch_get([key])
    assert isinstance(item, Item)
    return item


def read() -> Text:
    """A text, as it is."""
    item = of(Text, "m1-bio-text")
    assert isinstance(item, Text)
    return item


@pytest.fixture
def text(agency: Agency) -> Text:
    """A text, as it was read at first."""
    return read()


def use(text: Text) -> Transaction:
    """A transaction that takes one use of the text."""
    transaction = Transaction(context())
    transaction.update(text, text.store_use(context().now))
    return transaction


def test_who_is_too_late_learns_what_the_item_is_now(agency: Agency, text: Text) -> None:
    use(read()).commit()
    agency.wire.forget()
    with pytest.raises(Stale) as raised:
        use(text).commit()
    now = raised.value.current[Text, "m1-bio-text"]
    assert isinstance(now, Text) and (now.usage_count, now.was_read()) == (1, True)
    assert raised.value.failed == {Text}
    assert agency.wire.operations() == [WRITE], "nothing was read for it"
    use(now).commit()
    assert agency.operator.text("m1-bio-text")["usage_count"] == 2


def test_who_makes_what_is_there_learns_what_it_is_and_who_changes_what_is_gone_that_it_is(agency: Agency) -> None:
    agency.operator.account()
    gone = Content(content_id="nobody", revision=1)
    transaction = Transaction(context())
    transaction.put(of(Account, "a1"), Account.is_absent())
    transaction.update(gone, Content.revision == 1, [Content.revision.set(2)])
    with pytest.raises(Stale) as raised:
        transaction.commit()
    assert raised.value.failed == {Account, Content}
    account = raised.value.current[Account, "a1"]
    assert isinstance(account, Account) and account.username == "user_a1"
    assert raised.value.current[Content, "nobody"] is None


def test_an_item_of_two_keys_and_one_that_is_only_checked_are_told_by_their_keys(agency: Agency) -> None:
    agency.operator.account()
    transaction = Transaction(context())
    transaction.update(of(AuditEvent, "account:a1", 1), AuditEvent.token == "no", [])
    with pytest.raises(Stale) as raised:
        transaction.commit()
    event = raised.value.current[AuditEvent, "account:a1", 1]
    assert isinstance(event, AuditEvent) and event.sequence == 1


def test_an_item_in_another_transaction_is_lost_at_once(agency: Agency, text: Text) -> None:
    agency.wire.forget()
    agency.wire.fail(Fault.POOL_CONFLICT)
    with pytest.raises(Stale) as raised:
        use(text).commit()
    assert raised.value.failed == {Text} and not raised.value.current, "what it becomes nobody knows yet"
    assert agency.wire.operations() == [WRITE]


def test_who_lost_an_item_to_another_transaction_chooses_again(agency: Agency) -> None:
    worker = agency.warmed_to("bio")
    agency.wire.forget()
    agency.wire.fail(Fault.POOL_CONFLICT)
    worker.content("bio").ok()
    first, second = agency.wire.of(WRITE)
    assert first.token != second.token
    agency.operator.verified()


def test_an_account_in_another_transaction_is_asked_for_again_with_the_same_bytes(agency: Agency) -> None:
    agency.operator.account()
    worker = agency.worker()
    agency.wire.forget()
    agency.wire.fail(Fault.CONFLICT, times=2)
    worker.start().ok()
    assert len({str(call.body) for call in agency.wire.of(WRITE)}) == 1
    assert len(agency.wire.of(WRITE)) == 3


def test_an_item_without_a_condition_is_asked_for_again(agency: Agency, text: Text) -> None:
    agency.wire.fail(Fault.POOL_CONFLICT)
    transaction = Transaction(context())
    transaction.update(text, None, [Text.penalty.add(1)])
    transaction.commit()
    assert read().penalty == 1


def test_after_an_answer_that_was_lost_the_transaction_under_way_may_be_our_own(agency: Agency, text: Text) -> None:
    """It is asked for again, until the store says which."""
    faults = [Fault.SERVER_ERROR] * 3 + [Fault.POOL_CONFLICT]  # the transport itself asks three times
    agency.wire.forget()
    agency.wire.at = lambda number, call: faults[number] if number < len(faults) else None
    use(text).commit()
    agency.wire.heal()
    assert agency.operator.text("m1-bio-text")["usage_count"] == 1


class Marked:
    """A use of a text with its event, and whether anybody asked for that event."""

    def __init__(self, text: Text) -> None:
        self.asked = 0
        self.transaction = use(text)
        event = audit.event(
            context(),
            subject="text:m1-bio-text",
            sequence=7,
            action=AuditAction.TEXT_CHANGE,
            transitions=(),
            details={},
            token=self.transaction.token,
        )
        self.transaction.put(event, AuditEvent.subject.does_not_exist())
        self._event = event

    def commit(self) -> None:
        """Commits it."""
        self.transaction.commit(self._was_stored)

    def _was_stored(self) -> bool:
        self.asked += 1
        return audit.was_stored(self._event)


def test_where_our_own_event_may_stand_it_is_looked_for(agency: Agency, text: Text) -> None:
    """An answer was lost, and the token forgotten: the condition fails because of ourselves."""
    agency.wire.knows_tokens = False
    agency.wire.fail(Fault.ANSWER_LOST)
    marked = Marked(text)
    marked.commit()
    assert marked.asked == 1


def test_where_no_event_stands_none_is_looked_for(agency: Agency, text: Text) -> None:
    agency.wire.meanwhile(lambda: use(read()).commit())
    marked = Marked(text)
    with pytest.raises(Stale):
        marked.commit()
    assert marked.asked == 0
