"""fastber against asn1tools: a P1 message transfer of 3 recipients and 2 KB of content, the same octets for both.

CPU time, median of paired rounds (ours, then theirs, in turn). asn1tools does not compile X.411's envelope, a SET with
an untagged CHOICE; it is given the same structure as a SEQUENCE that is tagged as a SET, which is less work than a SET.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asn1tools

import fastber

P1 = """
P1 DEFINITIONS IMPLICIT TAGS ::= BEGIN
APDU ::= CHOICE { message [0] Message, probe [2] NULL }
Message ::= SEQUENCE { envelope Envelope, content OCTET STRING }
Envelope ::= SET { message-identifier Identifier, originator-name ORName, encoded-information-types Types OPTIONAL,
    content-type ContentType, content-identifier [APPLICATION 10] PrintableString OPTIONAL,
    priority [APPLICATION 7] ENUMERATED { normal(0), non-urgent(1), urgent(2) } DEFAULT normal,
    per-message-indicators [APPLICATION 8] BIT STRING DEFAULT '00'B, deferred-delivery-time [0] UTCTime OPTIONAL,
    trace-information [APPLICATION 9] SEQUENCE OF Trace, extensions [3] SET OF Extension OPTIONAL,
    per-recipient-fields [2] SEQUENCE OF Recipient }
Identifier ::= [APPLICATION 4] SEQUENCE { global-domain-identifier Domain, local-identifier IA5String }
Domain ::= [APPLICATION 3] SEQUENCE { country-name Country, administration-domain-name Administration,
    private-domain-identifier Private OPTIONAL }
Country ::= [APPLICATION 1] EXPLICIT CHOICE { x121-dcc-code NumericString, iso-3166-alpha2-code PrintableString }
Administration ::= [APPLICATION 2] EXPLICIT CHOICE { numeric NumericString, printable PrintableString }
Private ::= CHOICE { numeric NumericString, printable PrintableString }
ORName ::= [APPLICATION 0] SEQUENCE { built-in-standard-attributes Attributes,
    domain-defined SEQUENCE OF NULL OPTIONAL }
Attributes ::= SEQUENCE { country-name Country OPTIONAL, administration-domain-name Administration OPTIONAL,
    network-address [0] NumericString OPTIONAL, terminal-identifier [1] PrintableString OPTIONAL,
    private-domain-name [2] EXPLICIT Private OPTIONAL, organization-name [3] PrintableString OPTIONAL,
    numeric-user-identifier [4] NumericString OPTIONAL, personal-name [5] PersonalName OPTIONAL,
    organizational-unit-names [6] SEQUENCE OF PrintableString OPTIONAL }
PersonalName ::= SET { surname [0] PrintableString, given-name [1] PrintableString OPTIONAL,
    initials [2] PrintableString OPTIONAL, generation-qualifier [3] PrintableString OPTIONAL }
Types ::= [APPLICATION 5] SET { built-in [0] BIT STRING, teletex [2] SEQUENCE OF NULL OPTIONAL }
ContentType ::= CHOICE { built-in [APPLICATION 6] INTEGER, extended OBJECT IDENTIFIER }
Trace ::= SEQUENCE { global-domain-identifier Domain, domain-supplied-information Supplied }
Supplied ::= SET { arrival-time [0] UTCTime, attempted-domain [1] Domain OPTIONAL,
    routing-action [2] ENUMERATED { relayed(0), rerouted(1) } }
Extension ::= SEQUENCE { type [0] EXPLICIT CHOICE { standard [0] INTEGER, private [3] OBJECT IDENTIFIER },
    criticality [1] BIT STRING, value [2] EXPLICIT ANY }
Recipient ::= SET { recipient-name ORName, originally-specified-recipient-number [0] INTEGER,
    per-recipient-indicators [1] BIT STRING, explicit-conversion [2] INTEGER OPTIONAL }
END
"""
DOMAIN = {
    "country-name": ("iso-3166-alpha2-code", "GB"),
    "administration-domain-name": ("printable", "GOLD 400"),
    "private-domain-identifier": ("printable", "EXAMPLE"),
}
TRACE = {
    "global-domain-identifier": DOMAIN,
    "domain-supplied-information": {"arrival-time": datetime(2026, 1, 2, 3, 4, 5), "routing-action": "relayed"},
}


def or_name(number: int) -> dict[str, Any]:
    return {
        "built-in-standard-attributes": {
            "country-name": ("iso-3166-alpha2-code", "GB"),
            "administration-domain-name": ("printable", "GOLD 400"),
            "private-domain-name": ("printable", "EXAMPLE"),
            "organization-name": "Widgets",
            "personal-name": {"surname": f"Smith{number}", "given-name": "Jo"},
        }
    }


def message(recipients: int) -> tuple[str, Any]:
    envelope = {
        "message-identifier": {"global-domain-identifier": DOMAIN, "local-identifier": "mta.example.1234567890"},
        "originator-name": or_name(0),
        "encoded-information-types": {"built-in": (b"\x20", 3)},
        "content-type": ("built-in", 22),
        "content-identifier": "benchmark",
        "priority": "urgent",
        "per-message-indicators": (b"\x40", 8),
        "trace-information": [TRACE],
        "extensions": [{"type": ("standard", 38), "criticality": (b"\x80", 1), "value": b"\x04\x40" + bytes(64)}],
        "per-recipient-fields": [
            {
                "recipient-name": or_name(number),
                "originally-specified-recipient-number": number,
                "per-recipient-indicators": (b"\x9c", 8),
            }
            for number in range(1, recipients + 1)
        ],
    }
    return "message", {"envelope": envelope, "content": b"c" * 2048}


def seconds(work: Callable[[], Any], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


def compare(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int, budget: float) -> None:
    """Prints both times and the median of their ratios."""
    counts = [max(1, int(budget / max(seconds(work, 3), 1e-7))) for work in (ours, theirs)]
    pairs = [(seconds(ours, counts[0]), seconds(theirs, counts[1])) for _ in range(rounds)]
    ratio = statistics.median(theirs / ours for ours, theirs in pairs)
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name:48} {mine * 1e6:10.2f} us {other * 1e6:10.2f} us {ratio:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="CPU time of one side of one round")
    parser.add_argument("--recipients", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="one short round, to see that it runs")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 0.01

    ours = fastber.compile_string(P1).types["APDU"]
    reference = P1.replace("Envelope ::= SET", "Envelope ::= [UNIVERSAL 17] IMPLICIT SEQUENCE")
    theirs = asn1tools.compile_string(reference).types["APDU"]
    octets = bytes(theirs.encode(message(options.recipients)))
    value = ours.decode(octets)
    assert theirs.decode(octets) == value

    def step() -> None:
        envelope = ours.view(octets)["message"]["envelope"]
        _ = envelope["message-identifier"].raw, envelope["priority"].contents, envelope["content-type"].raw
        for recipient in envelope["per-recipient-fields"]:
            _ = recipient["recipient-name"].raw, recipient["per-recipient-indicators"].contents

    envelope, recipient = "message.envelope", "message.envelope.per-recipient-fields[*]"
    reader = ours.reader(
        f"{envelope}.message-identifier",
        f"{envelope}.priority:contents",
        f"{envelope}.content-type",
        f"{recipient}.recipient-name",
        f"{recipient}.per-recipient-indicators:contents",
    )

    responsibility = "message.envelope.per-recipient-fields[0].per-recipient-indicators"
    changes = {"message.envelope.trace-information[+]": TRACE, responsibility: (b"\x1c", 8)}

    splicer = ours.splicer(*changes)

    def change() -> None:
        decoded = ours.decode(octets)
        decoded[1]["envelope"]["trace-information"].append(TRACE)
        decoded[1]["envelope"]["per-recipient-fields"][0]["per-recipient-indicators"] = (b"\x1c", 8)
        ours.encode(decoded)

    def show(name: str, mine: Callable[[], Any], other: Callable[[], Any]) -> None:
        compare(name, mine, other, options.rounds, options.seconds)

    print(f"{len(octets)} octets, {options.recipients} recipients")
    print(f"{'':48} {'fastber':>13} {'reference':>13} {'ratio':>8}")
    show("decode, against asn1tools", lambda: ours.decode(octets), lambda: theirs.decode(octets))
    show("encode, against asn1tools", lambda: ours.encode(value), lambda: theirs.encode(value))
    show("view, step and read, against asn1tools' decode", step, lambda: theirs.decode(octets))
    show("read by a reader, against asn1tools' decode", lambda: reader.read(octets), lambda: theirs.decode(octets))
    show("view and splice, against decode and encode", lambda: ours.view(octets).splice(changes), change)
    show("splice by a splicer, against the same", lambda: splicer.splice(octets, *changes.values()), change)


if __name__ == "__main__":
    main()
