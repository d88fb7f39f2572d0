"""What the demo sends, and what is to come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from x400.cli.demo_network import AWAY, EVERYBODY, FIELD, SMALL, Name, domain

__all__ = ["ATTACHMENT_LENGTH", "DEFERRED", "KINDS", "Comes", "Kind", "To"]

FLIGHT_PLAN = """\
PRI: FF
FT: 251130
(FPL-XFO400-IS
-A320/M-SDE2FGHIRWY/LB1
-EGLL1230
-N0450F370 DET UL6 DVR UL9 KONAN UL607 SPI T180 UNOKO
-EDDF0110 EDDK
-PBN/A1B1C1D1L1O1S1 DOF/261125 REG/GXFOU EET/EBUR0020 EDGG0040 OPR/X400)
"""

INVOICE = """\
UNA:+.? '
UNB+UNOA:2+5012345000008:14+5098765000005:14+261125:1130+400'
UNH+1+INVOIC:D:96A:UN:EAN008'
BGM+380+INV-400+9'
DTM+137:20261125:102'
RFF+ON:PO-1988'
NAD+SU+5012345000008::9'
NAD+BY+5098765000005::9'
CUX+2:GBP:4'
LIN+1++4000862141404:SRV'
QTY+47:48'
PRI+AAA:12.50'
UNS+S'
MOA+77:600.00'
UNT+13+1'
UNZ+1+400'
"""

NOTE = """\
One message, two recipients: the middle MTA delivers one copy itself, and passes the other on.
"""

NOTICE = """\
To everybody: the middle MTA knows who that is. One of them is a list again, which the southern MTA knows.
"""

WHERE_ARE_YOU = "You are away, so somebody else will read this.\n"

OR_ELSE = "There is no such place, so whom I have named instead will read this.\n"

LATER = "Not to be delivered at once.\n"

ATTACHMENT_LENGTH = 5 << 20

DEFERRED = 3.0
"""Seconds ahead that the deferred message is to be delivered; what goes in the envelope is whole seconds."""


@dataclass(frozen=True, slots=True)
class To:
    """A recipient as the originator names it: which reports are asked for, and who is to get it otherwise."""

    address: str
    report: Literal["non-delivery-report", "report"] = "non-delivery-report"
    alternate: str | None = None


@dataclass(frozen=True, slots=True)
class Comes:
    """One delivery that is to come, for a user at an MTA: a message, or a report when there are `outcomes`.

    `outcomes` are, for each recipient that the report is about, its address and what is said of it; `lists` those by
    which the message came, in order; `intended` who was to have it, when somebody else was, and `reason` why not.
    """

    mta: Name
    user: str
    outcomes: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    intended: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A message or, with `probe`, a probe for a message with that attachment, which is handed in at `mta`.

    `text` is what the message says; `attachment` the octets of a file beside it; `deferred` the seconds for which it is
    to be kept.
    """

    title: str
    mta: Name
    originator: str
    to: tuple[To, ...]
    comes: tuple[Comes, ...]
    text: str
    attachment: int = 0
    priority: Literal["normal", "non-urgent", "urgent"] = "normal"
    deferred: float = 0.0
    probe: bool = False


DELIVERED = "delivery"
UNKNOWN = "unable-to-transfer unrecognised-or-name"
TOO_LONG = "unable-to-transfer content-too-long"

ALICE = domain("north") + "O=Home/S=Alice/"
BOB = domain("middle") + "O=Home/S=Bob/"
CAROL = domain("south") + "O=Home/S=Carol/"
DISPATCH = domain("north") + "O=Airline/S=Dispatch/"
ERIN = domain("north") + "O=Home/S=Erin/"
FILES = domain("south") + "O=Archive/S=Files/"
INVOICES = domain("north") + "O=Buyer/S=Invoices/"
TOWER = domain("south") + "O=Tower/S=EDDF/"
NOBODY = "/C=GB/A=DEMO/P=NOWHERE/O=Home/S=Nobody/"

KINDS: tuple[Kind, ...] = (
    Kind(
        "flight plan",
        "north",
        DISPATCH,
        (To(TOWER, "report"),),
        (Comes("south", TOWER), Comes("north", DISPATCH, outcomes=((TOWER, DELIVERED),))),
        FLIGHT_PLAN,
        priority="urgent",
    ),
    Kind(
        "EDIFACT invoice",
        "south",
        domain("south") + "O=Supplier/S=Accounts/",
        (To(INVOICES),),
        (Comes("north", INVOICES),),
        INVOICE,
    ),
    Kind(
        "text to two domains",
        "north",
        ALICE,
        (To(BOB), To(CAROL)),
        (Comes("middle", BOB), Comes("south", CAROL)),
        NOTE,
    ),
    Kind(
        "5 MB attachment",
        "north",
        ALICE,
        (To(FILES),),
        (Comes("south", FILES),),
        "As promised.\n",
        attachment=ATTACHMENT_LENGTH,
        priority="non-urgent",
    ),
    Kind(
        "to nobody",
        "north",
        ALICE,
        (To(NOBODY),),
        (Comes("north", ALICE, outcomes=((NOBODY, UNKNOWN),)),),
        "Is anybody there?\n",
    ),
    Kind(
        "to a distribution list",
        "north",
        ALICE,
        (To(EVERYBODY),),
        (
            Comes("middle", BOB, lists=(EVERYBODY,)),
            Comes("south", CAROL, lists=(EVERYBODY, FIELD)),
            Comes("north", ERIN, lists=(EVERYBODY, FIELD)),
        ),
        NOTICE,
    ),
    Kind(
        "to somebody away",
        "south",
        CAROL,
        (To(AWAY),),
        (Comes("north", ERIN, intended=AWAY, reason="recipient-assigned-alternate-recipient"),),
        WHERE_ARE_YOU,
    ),
    Kind(
        "to nobody, or else Bob",
        "north",
        ALICE,
        (To(NOBODY, alternate=BOB),),
        (Comes("middle", BOB, intended=NOBODY, reason="originator-requested-alternate-recipient"),),
        OR_ELSE,
    ),
    Kind("deferred", "north", ALICE, (To(CAROL),), (Comes("south", CAROL),), LATER, deferred=DEFERRED),
    Kind(
        "probe of 5 MB",
        "north",
        ALICE,
        (To(FILES, "report"), To(SMALL, "report")),
        (Comes("north", ALICE, outcomes=((FILES, DELIVERED), (SMALL, TOO_LONG))),),
        "As promised.\n",
        attachment=ATTACHMENT_LENGTH,
        probe=True,
    ),
)
