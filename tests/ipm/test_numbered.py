"""Numbered messages, and the count of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from x400.ipm.exceptions import Unencodable
from x400.ipm.message import decode
from x400.ipm.numbered import Count, NumberedMessages
from x400.mts.apdu import Apdu
from x400.mts.oraddress import ORAddress
from x400.mts.stored import Stored

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SOURCE, SINK = ORAddress.parse("/C=GB/A=X/P=Y/S=Source/"), ORAddress.parse("/C=GB/A=X/P=Z/S=Sink/")


def local_identifier(apdu: bytes) -> str:
    return Apdu(Stored(apdu)).identifier.rpartition(";")[2].removesuffix("]")


@pytest.mark.parametrize("size", [300, 4096, 65536, 1_000_000])
def test_messages_differ_in_their_number_only(size: int) -> None:
    messages = NumberedMessages("Labc", 12, size, SOURCE, (SINK,), NOW)
    first, last = messages.apdu(0), messages.apdu(11)
    assert (local_identifier(first), local_identifier(last)) == ("Labc.00000012.00000000", "Labc.00000012.00000011")
    assert first.replace(b"00000000", b"00000011") == last
    apdu = Apdu(Stored(first))
    (recipient,) = apdu.recipients
    assert recipient.name == SINK
    content = b"".join(apdu.contents().buffers)
    assert size - 8 <= len(content) <= size
    assert decode(content).heading.originator == SOURCE


def test_too_small_for_a_message() -> None:
    with pytest.raises(Unencodable, match="size"):
        NumberedMessages("Labc", 1, 10, SOURCE, (SINK,), NOW)


def test_the_count_knows_what_is_missing_and_what_came_twice() -> None:
    count = Count()
    assert [count.add(f"L1.00000005.0000000{number}") for number in (0, 2, 2, 4, 2)] == [True, True, False, True, False]
    assert (count.distinct, count.missing, count.duplicates) == (3, 2, 2)
    assert count.some("missing") == ["L1/1", "L1/3"]
    assert count.some("repeated") == ["L1/2"]
    assert count.add("something else")
    assert count.add("L2.00000001.00000000")
    assert (count.others, count.distinct, count.missing) == (1, 5, 2)


def test_a_number_beyond_the_total_is_counted() -> None:
    count = Count()
    count.add("L1.00000001.00000003")
    assert (count.distinct, count.missing) == (1, 3)
