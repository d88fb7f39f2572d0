"""The inbox of the writer thread: nothing is lost between the two threads, and the writer sleeps as long as it may."""

import sys
import threading
import time
from collections.abc import Iterator

import pytest

from x400.spool.inbox import Inbox


class Item:
    def __init__(self, number: int, stores: int = 1) -> None:
        self.number = number
        self.stores = range(stores)


@pytest.fixture
def often() -> Iterator[None]:
    """The interpreter changes threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def taken(inbox: Inbox[Item]) -> list[int]:
    return [item.number for item in inbox.take()]


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("gather", [0, 1, 7])
def test_all_that_is_put_in_comes_out_once_and_in_order(gather: int) -> None:
    """The one who puts in pauses now and then: the writer is asleep some times, and on its way to it at others."""
    inbox = Inbox[Item]()
    found: list[int] = []

    def write() -> None:
        while inbox or not inbox.closed:
            inbox.wait(None)
            some = taken(inbox)
            found.extend(some)
            if gather and some:
                inbox.gather(gather, 0.0005)

    thread = threading.Thread(target=write)
    thread.start()
    for number in range(3000):
        inbox.put(Item(number, number % 3))
        if number % 50 == 0:
            time.sleep(0.0002 * (number % 7))
    inbox.close()
    thread.join(60)
    assert not thread.is_alive()
    assert found == list(range(3000))


def waiting(inbox: Inbox[Item], function: str, *values: float) -> threading.Thread:
    thread = threading.Thread(target=getattr(inbox, function), args=values)
    thread.start()
    while not inbox._wanted:
        time.sleep(0.001)
    return thread


def test_it_sleeps_until_enough_has_come() -> None:
    inbox = Inbox[Item]()
    thread = waiting(inbox, "gather", 3, 60)
    inbox.put(Item(0, 0))
    inbox.put(Item(1, 2))
    assert inbox._wanted == 3, "nobody has woken it"
    inbox.put(Item(2, 1))
    thread.join(60)
    assert not thread.is_alive()
    assert taken(inbox) == [0, 1, 2]


@pytest.mark.parametrize(("function", "values"), [("wait", (60,)), ("gather", (3, 60))])
def test_closing_wakes_it(function: str, values: tuple[float, ...]) -> None:
    inbox = Inbox[Item]()
    thread = waiting(inbox, function, *values)
    inbox.close()
    thread.join(60)
    assert not thread.is_alive()
    inbox.wait(60)
    inbox.gather(1, 60)


def test_time_is_up() -> None:
    inbox = Inbox[Item]()
    inbox.put(Item(0))
    inbox.wait(60)
    inbox.gather(5, 0.01)
    assert taken(inbox) == [0]
    inbox.wait(0.01)
    assert not inbox
