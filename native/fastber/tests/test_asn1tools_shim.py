"""The values and octets of asn1tools' own tests, through either library by changing the import alone.

Every row holds for asn1tools too, where it is installed. What differs by intent is in README and at the end.
"""

from __future__ import annotations

import importlib
import math
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

import pytest

EXPLICIT = """
Plain DEFINITIONS ::= BEGIN
Bool ::= BOOLEAN  Int ::= INTEGER  Num ::= REAL  Nil ::= NULL  Bits ::= BIT STRING  Octets ::= OCTET STRING
Oid ::= OBJECT IDENTIFIER  Utf8 ::= UTF8String  Bmp ::= BMPString  Graphic ::= GraphicString  Uni ::= UniversalString
Numeric ::= NumericString  Printable ::= PrintableString  Ia5 ::= IA5String  Visible ::= VisibleString
General ::= GeneralString  Teletex ::= TeletexString  Utc ::= UTCTime  Gen ::= GeneralizedTime
Descriptor ::= ObjectDescriptor  Ext ::= EXTERNAL  Ints ::= SEQUENCE OF INTEGER  IntSet ::= SET OF INTEGER
Bool2 ::= [2] BOOLEAN  Bool2I ::= [2] IMPLICIT BOOLEAN  Int2 ::= [2] INTEGER  Int2E ::= [2] EXPLICIT INTEGER
Int2I ::= [2] IMPLICIT INTEGER  Bits2 ::= [2] BIT STRING  Octets2 ::= [2] OCTET STRING  Desc5 ::= [5] ObjectDescriptor
Ext0 ::= [0] EXTERNAL  Utc2 ::= [2] UTCTime  Utf2 ::= [2] UTF8String
Kind ::= ENUMERATED { one(1), two(2) }  Three ::= ENUMERATED { a, b, c }  Jumbled ::= ENUMERATED { c, a, b, ..., d }
Holes ::= ENUMERATED { a, b, c(3), ..., d }  Ten ::= ENUMERATED { a(10) }
Empty ::= SEQUENCE { }  EmptySet ::= SET { }  Zero ::= SEQUENCE { a INTEGER DEFAULT 0 }
OneSet ::= SET { a INTEGER DEFAULT 1 }
Question ::= SEQUENCE { id INTEGER, question IA5String }  Answer ::= SEQUENCE { id INTEGER, answer BOOLEAN }
Bag ::= SEQUENCE { boolean BOOLEAN, integer INTEGER, bits BIT STRING, octets OCTET STRING, nil NULL,
    oid OBJECT IDENTIFIER, kind Kind, seq Empty, text IA5String }
L1 ::= [3] INTEGER  L2 ::= [4] L1  L3 ::= [5] L2  M2 ::= [4] IMPLICIT L1  M3 ::= [5] M2  M4 ::= [5] IMPLICIT M2
Holder ::= SEQUENCE { a INTEGER, b [2] SEQUENCE { a INTEGER }, c [3] CHOICE { a BOOLEAN } }
J1 ::= VisibleString  J2 ::= [APPLICATION 3] IMPLICIT J1  J3 ::= [2] J2  J4 ::= [APPLICATION 7] IMPLICIT J3
J5 ::= [2] IMPLICIT J2
Within ::= [APPLICATION 20] SEQUENCE { innernumber [21] INTEGER }
Around ::= [APPLICATION 10] SEQUENCE { outernumber [11] INTEGER, inner [12] Within }
END
"""
IMPLICIT = """
Implied DEFINITIONS IMPLICIT TAGS ::= BEGIN
Low ::= [31] INTEGER  High ::= [500] INTEGER  Ext0 ::= [0] EXTERNAL
Pair ::= SET { a [0] INTEGER, b [1] INTEGER }  Nest ::= SET { a [0] Pair, b [1] OCTET STRING }
One ::= CHOICE { a BOOLEAN }  Str ::= CHOICE { a OCTET STRING }  Two ::= CHOICE { a CHOICE { b BOOLEAN, c INTEGER } }
Five ::= [5] CHOICE { a BOOLEAN }  FiveE ::= [5] EXPLICIT CHOICE { a BOOLEAN }
App ::= [APPLICATION 5] EXPLICIT CHOICE { a BOOLEAN }  Six ::= [6] IMPLICIT App
AppSix ::= [APPLICATION 6] IMPLICIT FiveE
Deep ::= [3] CHOICE { a [4] CHOICE { a BOOLEAN }, b [5] CHOICE { b INTEGER } }
Alt ::= CHOICE { a [1] INTEGER, b [2] INTEGER }
L1 ::= [3] INTEGER  L2 ::= [4] L1  L3 ::= [5] L2
Holder ::= SEQUENCE { a INTEGER, b [2] SEQUENCE { a INTEGER }, c [3] CHOICE { a BOOLEAN } }
END
"""
AUTOMATIC = """
Auto DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Flags ::= BIT STRING { a(0), b(1), c(2) }
Defs ::= SEQUENCE { a Flags DEFAULT {b, c}, b Flags DEFAULT '011'B, c Flags DEFAULT '60'H }
Raws ::= SEQUENCE { a BIT STRING DEFAULT '00'B, b BIT STRING DEFAULT '00'B }
Blobs ::= SEQUENCE { a OCTET STRING DEFAULT '00000000011'B, b OCTET STRING DEFAULT '00060'H }
Blanks ::= SEQUENCE { a OCTET STRING DEFAULT ''B, b OCTET STRING DEFAULT ''H }
Bool1 ::= SEQUENCE { a BOOLEAN }  Open ::= SEQUENCE { a BOOLEAN, ... }  More ::= SEQUENCE { a BOOLEAN, ..., b BOOLEAN }
Group ::= SEQUENCE { a BOOLEAN, ..., [[ b BOOLEAN, c BOOLEAN ]] }
Part ::= SEQUENCE { a BOOLEAN, ..., [[ b SEQUENCE { a INTEGER } OPTIONAL, c BOOLEAN ]] }
True1 ::= SEQUENCE { a BOOLEAN DEFAULT TRUE }
Inside ::= SEQUENCE { a Open, b INTEGER }  Inside2 ::= SEQUENCE { a More, b INTEGER }
Maybe ::= SEQUENCE { a INTEGER OPTIONAL }  Self ::= SEQUENCE { a Self OPTIONAL }
List ::= SEQUENCE { a SEQUENCE OF List OPTIONAL }
Tree ::= SEQUENCE { a [1] Tree OPTIONAL, b [2] Tree OPTIONAL, c [3] SEQUENCE { a [4] Tree } OPTIONAL }
Some ::= SEQUENCE { a [1] INTEGER OPTIONAL, b [2] OCTET STRING OPTIONAL, c [3] SEQUENCE { a [4] INTEGER } OPTIONAL }
Pick ::= CHOICE { a BOOLEAN, b INTEGER, ..., [[ c BOOLEAN ]] }  PickDeep ::= CHOICE { a CHOICE { b BOOLEAN } }
Loop ::= SEQUENCE { a Arm }  Arm ::= CHOICE { b Loop, c NULL }
Closed ::= SEQUENCE { a CHOICE { b NULL, ... }, d BOOLEAN }
Sized ::= SEQUENCE { a OCTET STRING (SIZE (1..2, ...)), e SEQUENCE SIZE (2..3, ...) OF INTEGER (1..5, ...) }
Except ::= ENUMERATED { a, b, c, d, e } (ALL EXCEPT b)
V1 ::= SEQUENCE { user VisibleString, n INTEGER, ... }
V2 ::= SEQUENCE { user VisibleString, n INTEGER, ..., [[ m INTEGER ]], ... }
V3 ::= SEQUENCE { user VisibleString, n INTEGER, ..., [[ m INTEGER ]], [[ c NULL, t NULL OPTIONAL ]], ... }
Twice {T} ::= SEQUENCE { a T, b SEQUENCE OF T }  TwiceInt ::= Twice {INTEGER}  TwiceBool ::= Twice {BOOLEAN}
Wide ::= SEQUENCE { a INTEGER, b SEQUENCE { c SEQUENCE OF CHOICE { e INTEGER, f BOOLEAN }, d INTEGER } OPTIONAL }
Narrow ::= Wide (WITH COMPONENTS { ..., b PRESENT })
END
"""
MODULES = {"Plain": EXPLICIT, "Implied": IMPLICIT, "Auto": AUTOMATIC}
BOTH = ("ber", "der")

Row = tuple[str, str, Any, str]
# Both ways, the same in BER and DER.
SAME: list[Row] = [
    ("Plain", "Bool", True, "0101ff"),
    ("Plain", "Bool", False, "010100"),
    ("Plain", "Bool2", True, "a2030101ff"),
    ("Plain", "Bool2I", True, "8201ff"),
    *[
        ("Plain", "Int", number, octets)
        for number, octets in (
            (32768, "0203008000"), (32767, "02027fff"), (256, "02020100"), (255, "020200ff"), (128, "02020080"),
            (127, "02017f"), (1, "020101"), (0, "020100"), (-1, "0201ff"), (-128, "020180"), (-129, "0202ff7f"),
            (-256, "0202ff00"), (-32768, "02028000"), (-32769, "0203ff7fff"), (1 << 2048, "0282010101" + "00" * 256),
        )
    ],
    ("Plain", "Int2", 1, "a203020101"),
    ("Plain", "Int2E", 1, "a203020101"),
    ("Plain", "Int2I", 1, "820101"),
    *[
        ("Plain", "Num", number, octets)
        for number, octets in (
            (0.0, "0900"), (math.inf, "090140"), (-math.inf, "090141"), (1.0, "0903800001"), (100.0, "0903800219"),
            (-100.0, "0903c00219"), (8.0, "0903800301"), (0.625, "090380fd05"), (2.0**1023, "09048103ff01"),
            (2.0**-1022, "090481fc0201"), (2.0**-1074, "090481fbce01"),
            (2.0**-1022 * (1 - 2.0**-52), "090a81fbce0fffffffffffff"),
            (2.0**1023 * (2 - 2.0**-52), "090a8103cb1fffffffffffff"), (1.1, "090980cd08cccccccccccd"),
            (1234.5678, "090980d6134a456d5cfaad"), (1e85, "090a8100e90292e32ac68559"),
            (1e-83, "090a81feb909b69dbe1b548d"),
        )
    ],
    ("Plain", "Nil", None, "0500"),
    ("Plain", "Bits", (b"", 0), "030100"),
    ("Plain", "Bits", (b"\x40", 4), "03020440"),
    ("Plain", "Bits", (b"\x80", 1), "03020780"),
    ("Plain", "Bits", (b"\x00\x00", 9), "0303070000"),
    ("Plain", "Bits2", (b"\x56", 7), "a20403020156"),
    ("Plain", "Octets", b"\x00", "040100"),
    ("Plain", "Octets", b"\x55" * 127, "047f" + "55" * 127),
    ("Plain", "Octets", b"\xaa" * 128, "048180" + "aa" * 128),
    ("Plain", "Octets2", b"\x56", "a203040156"),
    ("Plain", "Oid", "1.2", "06012a"),
    ("Plain", "Oid", "1.2.33", "06022a21"),
    ("Plain", "Oid", "1.3.1000.7", "06042b876807"),
    ("Plain", "Utf8", "bar", "0c03626172"),
    ("Plain", "Utf8", "a\u1010c", "0c0561e1809063"),
    ("Plain", "Utf8", "f \u2192 \u221d", "0c096620e2869220e2889d"),
    ("Plain", "Utf2", "foo", "a2050c03666f6f"),
    ("Plain", "Bmp", "hello", "1e0a00680065006c006c006f"),
    ("Plain", "Bmp", "\u0102", "1e020102"),
    ("Plain", "Graphic", "f", "190166"),
    ("Plain", "Uni", "bar", "1c0c000000620000006100000072"),
    ("Plain", "Uni", "\u00e5\u00e4\u00f6", "1c0c000000e5000000e4000000f6"),
    ("Plain", "Numeric", "123", "1203313233"),
    ("Plain", "Printable", "foo", "1303666f6f"),
    ("Plain", "Ia5", "bar", "1603626172"),
    ("Plain", "Visible", "bar", "1a03626172"),
    ("Plain", "General", "bar", "1b03626172"),
    ("Plain", "Teletex", "fum", "140366756d"),
    ("Plain", "Descriptor", "1234", "070431323334"),
    ("Plain", "Desc5", "1234", "a506070431323334"),
    ("Plain", "Ext", {"encoding": ("octet-aligned", b"\x12")}, "2803810112"),
    ("Plain", "Ext", {"data-value-descriptor": "12", "encoding": ("octet-aligned", b"\x34")}, "280707023132810134"),
    ("Plain", "Ext0", {"encoding": ("octet-aligned", b"\x12")}, "a0052803810112"),
    ("Implied", "Ext0", {"encoding": ("octet-aligned", b"\x12")}, "a003810112"),
    ("Plain", "Kind", "one", "0a0101"),
    ("Plain", "Three", "c", "0a0102"),
    ("Plain", "Jumbled", "a", "0a0101"),
    ("Plain", "Jumbled", "d", "0a0103"),
    ("Plain", "Holes", "c", "0a0103"),
    ("Plain", "Holes", "d", "0a0102"),
    ("Plain", "Ten", "a", "0a010a"),
    ("Plain", "Utc", datetime(2001, 2, 3, 4, 5, 6), "170d3031303230333034303530365a"),
    ("Plain", "Utc2", datetime(2012, 10, 1, 23, 0, 1), "a20f170d3132313030313233303030315a"),
    ("Plain", "Empty", {}, "3000"),
    ("Plain", "EmptySet", {}, "3100"),
    ("Plain", "Zero", {"a": 0}, "3000"),
    ("Plain", "Zero", {"a": 1}, "3003020101"),
    ("Plain", "OneSet", {"a": 1}, "3100"),
    ("Plain", "OneSet", {"a": 2}, "3103020102"),
    ("Plain", "Ints", [], "3000"),
    ("Plain", "IntSet", [], "3100"),
    ("Plain", "Question", {"id": 1, "question": "Is 1+1=3?"}, "300e0201011609497320312b313d333f"),
    ("Plain", "Answer", {"id": 1, "answer": False}, "3006020101010100"),
    ("Plain", "Bag", {"boolean": True, "integer": -7, "bits": (b"\x80", 3), "octets": b"12", "nil": None,
        "oid": "1.3.2", "kind": "one", "seq": {}, "text": "foo"},
     "301e0101ff0201f90302058004023132050006022b020a010130001603666f6f"),
    ("Plain", "L3", 1, "a507a405a303020101"),
    ("Plain", "M3", 1, "a505a403020101"),
    ("Plain", "M4", 1, "a503020101"),
    ("Plain", "Holder", {"a": 1, "b": {"a": 3}, "c": ("a", True)}, "300f020101a2053003020103a3030101ff"),
    ("Plain", "J1", "Jones", "1a054a6f6e6573"),
    ("Plain", "J2", "Jones", "43054a6f6e6573"),
    ("Plain", "J3", "Jones", "a20743054a6f6e6573"),
    ("Plain", "J4", "Jones", "670743054a6f6e6573"),
    ("Plain", "J5", "Jones", "82054a6f6e6573"),
    ("Plain", "Around", {"outernumber": 23, "inner": {"innernumber": 42}}, "6a123010ab03020117ac0974073005b50302012a"),
    ("Implied", "Low", 1, "9f1f0101"),
    ("Implied", "High", 1, "9f83740101"),
    ("Implied", "L3", 1, "850101"),
    ("Implied", "Holder", {"a": 1, "b": {"a": 3}, "c": ("a", True)}, "300d020101a203020103a3030101ff"),
    ("Implied", "Pair", {"a": 3, "b": 4}, "3106800103810104"),
    ("Implied", "Nest", {"a": {"a": 3, "b": 4}, "b": b"\x12"}, "310ba006800103810104810112"),
    ("Implied", "One", ("a", True), "0101ff"),
    ("Implied", "Two", ("a", ("b", True)), "0101ff"),
    ("Implied", "Two", ("a", ("c", 3)), "020103"),
    ("Implied", "Five", ("a", True), "a5030101ff"),
    ("Implied", "FiveE", ("a", True), "a5030101ff"),
    ("Implied", "App", ("a", True), "65030101ff"),
    ("Implied", "Six", ("a", True), "a6030101ff"),
    ("Implied", "AppSix", ("a", True), "66030101ff"),
    ("Implied", "Deep", ("a", ("a", True)), "a305a4030101ff"),
    ("Implied", "Deep", ("b", ("b", 2)), "a305a503020102"),
    ("Implied", "Alt", ("a", 5), "810105"),
    ("Implied", "Alt", ("b", 6), "820106"),
    ("Auto", "Flags", (b"\x80", 1), "03020780"),
    ("Auto", "Flags", (b"\xe0", 3), "030205e0"),
    ("Auto", "Flags", (b"\x01", 8), "03020001"),
    ("Auto", "Defs", {"a": (b"\x40", 2), "b": (b"\x40", 2), "c": (b"\x40", 2)}, "300c800206408102064082020640"),
    ("Auto", "Defs", {"a": (b"\x60", 3), "b": (b"\x60", 3), "c": (b"\x60", 3)}, "3000"),
    ("Auto", "Raws", {"a": (b"\x00", 2), "b": (b"\x00", 2)}, "3000"),
    ("Auto", "Blobs", {"a": b"\x00\x60", "b": b"\x00\x06\x00"}, "3000"),
    ("Auto", "Blobs", {"a": b"\xcc", "b": b"\xdd"}, "30068001cc8101dd"),
    ("Auto", "Blanks", {"a": b"", "b": b""}, "3000"),
    ("Auto", "Open", {"a": True}, "30038001ff"),
    ("Auto", "More", {"a": True}, "30038001ff"),
    ("Auto", "More", {"a": True, "b": True}, "30068001ff8101ff"),
    ("Auto", "Group", {"a": True}, "30038001ff"),
    ("Auto", "Group", {"a": True, "b": True, "c": True}, "30098001ff8101ff8201ff"),
    ("Auto", "Part", {"a": True, "b": {"a": 5}, "c": True}, "300b8001ffa1038001058201ff"),
    ("Auto", "True1", {"a": True}, "3000"),
    ("Auto", "True1", {"a": False}, "3003800100"),
    ("Auto", "Inside", {"a": {"a": True}, "b": 100}, "3008a0038001ff810164"),
    ("Auto", "Inside2", {"a": {"a": True, "b": True}, "b": 100}, "300ba0068001ff8101ff810164"),
    ("Auto", "Maybe", {}, "3000"),
    ("Auto", "Maybe", {"a": 1}, "3003800101"),
    ("Auto", "Self", {"a": {}}, "3002a000"),
    ("Auto", "List", {"a": [{}]}, "3004a0023000"),
    ("Auto", "List", {"a": [{"a": []}]}, "3006a0043002a000"),
    ("Auto", "Tree", {"c": {"a": {}}}, "3004a302a400"),
    ("Auto", "Tree", {"a": {}, "b": {}, "c": {"a": {}}}, "3008a100a200a302a400"),
    ("Auto", "Pick", ("a", True), "8001ff"),
    ("Auto", "Pick", ("b", 1), "810101"),
    ("Auto", "Pick", ("c", True), "8201ff"),
    ("Auto", "PickDeep", ("a", ("b", True)), "a0038001ff"),
    ("Auto", "Loop", {"a": ("b", {"a": ("c", None)})}, "3008a006a004a0028100"),
    ("Auto", "Sized", {"a": b"\x124", "e": [1, 100, 10000]}, "301080021234a10a02010102016402022710"),
    ("Auto", "Except", "c", "0a0102"),
    ("Auto", "V1", {"user": "u", "n": 5}, "3006800175810105"),
    ("Auto", "V2", {"user": "u", "n": 5, "m": 5}, "3009800175810105820105"),
    ("Auto", "V3", {"user": "u", "n": 5, "m": 5, "c": None, "t": None}, "300d80017581010582010583008400"),
    ("Auto", "TwiceInt", {"a": 1, "b": [2]}, "300aa003020101a103020102"),
    ("Auto", "TwiceBool", {"a": True, "b": [False]}, "300aa0030101ffa103010100"),
    ("Auto", "Narrow", {"a": 1, "b": {"c": [("f", True)], "d": 2}}, "300d800101a108a0038101ff810102"),
]  # fmt: skip

# Both ways, of one codec.
OF_ONE: list[tuple[str, str, str, Any, str]] = [
    ("ber", "Plain", "Utc", datetime(2000, 10, 1), "170b303031303031303030305a"),
    ("ber", "Plain", "Gen", datetime(2018, 1, 22, 13, 29), "180c323031383031323231333239"),
    (
        "ber",
        "Plain",
        "Gen",
        datetime(2000, 12, 31, 23, 59, 59, 999000, UTC),
        "181332303030313233313233353935392e3939395a",
    ),
    ("der", "Plain", "Utc", datetime(2018, 1, 22, 13), "170d3138303132323133303030305a"),
    ("der", "Plain", "Gen", datetime(2018, 1, 22, 13, 29), "180f32303138303132323133323930305a"),
    ("der", "Plain", "Gen", datetime(2000, 12, 31, 23, 59, 59), "180f32303030313233313233353935395a"),
]

# What only a decoder meets.
DECODED: list[Row] = [
    ("Plain", "Num", 100.0, "0905 03312e4532"),
    ("Plain", "Num", 100.0, "0906 02 3130302c30"),
    ("Plain", "Num", 0.0, "090143"),
    ("Plain", "Octets", b"\x00\x01", "2406040100040101"),
    ("Plain", "Octets", b"\x00\x01", "2480040100248004010100000000"),
    ("Plain", "Bits", (b"\x11\x22\x80", 17), "23800302001103020022030207800000"),
    ("Plain", "Bits", (b"\x80", 1), "03020780"),
    ("Plain", "Utf8", "foo", "2c070402666f04016f"),
    ("Plain", "Utf8", "foo", "2c800402666f04016f0000"),
    ("Plain", "Numeric", "123", "320704023132040133"),
    ("Plain", "Printable", "foo", "33800402666f04016f0000"),
    ("Plain", "Ia5", "bar", "360704026261040172"),
    ("Plain", "Uni", "bar", "3c8004080000006200000061040400000072 0000"),
    ("Plain", "Visible", "bar", "3a0704026261040172"),
    ("Plain", "General", "bar", "3b8004026261040172 0000"),
    ("Plain", "Bmp", "fie", "3e0a04020066040400690065"),
    ("Plain", "Teletex", "fum", "34800401660402756d0000"),
    ("Plain", "Ints", [], "30800000"),
    ("Auto", "Open", {"a": True}, "30068001ff8101ff"),
    ("Auto", "V1", {"user": "u", "n": 5}, "300d80017581010582010583008400"),
    ("Auto", "V2", {"user": "u", "n": 5, "m": 5}, "300d80017581010582010583008400"),
    ("Auto", "V3", {"user": "u", "n": 5, "m": 5}, "3009800175810105820105"),
    ("Auto", "Inside", {"a": {"a": True}, "b": 100}, "300ba0068001ff8101ff810164"),
    ("Auto", "Maybe", {"a": 1}, "30808001010000"),
    ("Auto", "Some", {"a": 16, "b": b"a", "c": {"a": 2}}, "3080810110820161a38084010200000000"),
    ("Auto", "True1", {"a": True}, "3000"),
    ("Auto", "Defs", {"a": (b"\x60", 3), "b": (b"\x60", 3), "c": (b"\x60", 3)}, "3000"),
    ("Auto", "Blobs", {"a": b"\xcc", "b": b"\x00\x06\x00"}, "30038001cc"),
    ("Auto", "Closed", {"a": (None, None), "d": True}, "3007a00281008101ff"),
    ("Implied", "Pair", {"a": 3, "b": 0}, "318080010381 01000000"),
    ("Implied", "Pair", {"a": 3, "b": 4}, "3106810104800103"),
    ("Implied", "Pair", {"a": 3, "b": 0}, "3180810100 800103 0000"),
    ("Implied", "Nest", {"a": {"a": 3, "b": 4}, "b": b"\x12"}, "3180a08080010381010400008101120000"),
    ("Implied", "Str", ("a", b"\x12"), "2403040112"),
    ("Implied", "Deep", ("a", ("a", False)), "a380a4800101000000 0000"),
]

# Encoded with parts left out or too many bits: (module, type, given, octets).
ENCODED: list[Row] = [
    ("Auto", "Defs", {}, "3000"),
    ("Auto", "Defs", {"a": (b"\x60", 4), "b": (b"\x60", 5), "c": (b"\x60", 6)}, "3000"),
    ("Auto", "Raws", {"a": (b"\x00", 3)}, "300480020500"),
    ("Auto", "Blobs", {}, "3000"),
    ("Auto", "Blobs", {"a": b"\xcc"}, "30038001cc"),
    ("Auto", "True1", {}, "3000"),
    ("Plain", "Bits", (b"\xff", 1), "03020780"),
    ("Plain", "Num", math.nan, "090142"),
]

REFUSED: list[tuple[str, str, str]] = [
    *[("Plain", name, "ef") for name in (
        "Bool", "Int", "Bits", "Octets", "Nil", "Oid", "Kind", "Utf8", "Empty", "EmptySet", "Numeric", "Printable",
        "Ia5", "Uni", "Visible", "General", "Bmp", "Teletex", "Utc", "Ints", "IntSet")],
    ("Plain", "Bool", "01020101"),
    ("Plain", "Bool", "0180ff"),
    ("Plain", "Bool2", "a303010101"),
    ("Plain", "Bool2", "a203020101"),
    ("Plain", "Num", "090144"),
    ("Plain", "Ten", "0a01ff"),
    ("Plain", "Question", "300e0201011609497320312b313d33"),
    ("Plain", "Question", "300f0201011609497320312b313d333f"),
    ("Plain", "Question", "300e020101160a497320312b313d333f"),
    ("Plain", "Question", "300e0202011609497320312b313d333f"),
    ("Auto", "Some", "3080810110820161a3808401020000"),
    ("Implied", "Nest", "3180a0808001038101048101120000"),
    ("Implied", "Alt", "a10105"),
]  # fmt: skip

NOT_ENCODED: list[tuple[str, str, Any]] = [
    ("Auto", "Bool1", {}),
    ("Auto", "Loop", {"a": ("b", {})}),
    ("Plain", "Kind", "three"),
    ("Implied", "Alt", ("z", 1)),
]

LENGTHS: list[tuple[str, int | None]] = [
    ("300e020101160949732031", 16), ("3010020201160949", 18), ("300d", 15), ("3084000000b8", 190), ("9f1f00", 3),
    ("30", None), ("", None), ("3084000000", None),
]  # fmt: skip


@pytest.fixture(params=["asn1tools", "fastber"])
def codec_library(request: pytest.FixtureRequest) -> str:
    """Swapping the import is all that changes."""
    pytest.importorskip(request.param)
    return str(request.param)


@cache
def compiled(library: str, module: str, codec: str) -> Any:
    return importlib.import_module(library).compile_string(MODULES[module], codec)


def octets_of(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


@pytest.mark.parametrize("codec", BOTH)
@pytest.mark.parametrize(("module", "name", "value", "octets"), SAME)
def test_both_ways(codec_library: str, codec: str, module: str, name: str, value: Any, octets: str) -> None:
    spec = compiled(codec_library, module, codec)
    assert spec.encode(name, value) == octets_of(octets)
    decoded = spec.decode(name, octets_of(octets))
    assert (decoded, type(decoded)) == (value, type(value))
    assert spec.decode_with_length(name, octets_of(octets) + b"\x00") == (value, len(octets_of(octets)))


@pytest.mark.parametrize(("codec", "module", "name", "value", "octets"), OF_ONE)
def test_both_ways_of_one_codec(
    codec_library: str, codec: str, module: str, name: str, value: Any, octets: str
) -> None:
    spec = compiled(codec_library, module, codec)
    assert spec.encode(name, value) == octets_of(octets)
    assert spec.decode(name, octets_of(octets)) == value


@pytest.mark.parametrize(("module", "name", "value", "octets"), DECODED)
def test_decoded(codec_library: str, module: str, name: str, value: Any, octets: str) -> None:
    assert compiled(codec_library, module, "ber").decode(name, octets_of(octets)) == value


@pytest.mark.parametrize("codec", BOTH)
@pytest.mark.parametrize(("module", "name", "value", "octets"), ENCODED)
def test_encoded(codec_library: str, codec: str, module: str, name: str, value: Any, octets: str) -> None:
    assert compiled(codec_library, module, codec).encode(name, value) == octets_of(octets)


@pytest.mark.parametrize("codec", BOTH)
@pytest.mark.parametrize(("module", "name", "octets"), REFUSED)
def test_refused(codec_library: str, codec: str, module: str, name: str, octets: str) -> None:
    library = importlib.import_module(codec_library)
    with pytest.raises(library.DecodeError, match=name):
        compiled(codec_library, module, codec).decode(name, octets_of(octets))


@pytest.mark.parametrize(("module", "name", "value"), NOT_ENCODED)
def test_not_encoded(codec_library: str, module: str, name: str, value: Any) -> None:
    library = importlib.import_module(codec_library)
    with pytest.raises(library.EncodeError, match=name):
        compiled(codec_library, module, "ber").encode(name, value)


@pytest.mark.parametrize(("octets", "length"), LENGTHS)
def test_decode_length(codec_library: str, octets: str, length: int | None) -> None:
    assert compiled(codec_library, "Plain", "ber").decode_length(octets_of(octets)) == length


def test_numeric_enumerations(codec_library: str) -> None:
    library = importlib.import_module(codec_library)
    spec = library.compile_string(
        "A DEFINITIONS ::= BEGIN E ::= ENUMERATED { a(0), b(5) } S ::= SEQUENCE { e E DEFAULT b } END",
        numeric_enums=True,
    )
    assert spec.encode("E", 5) == octets_of("0a0105")
    assert spec.decode("S", b"\x30\x00") == {"e": 5}


def test_what_a_specification_shows(codec_library: str) -> None:
    spec = compiled(codec_library, "Implied", "ber")
    assert list(spec.modules) == ["Implied"]
    assert set(spec.modules["Implied"]) == set(spec.types)
    assert spec.types["Low"].encode(1) == octets_of("9f1f0101")
    assert spec.types["Low"].decode(octets_of("9f1f0101")) == 1


def test_constraints_are_checked_when_asked_for(codec_library: str) -> None:
    library = importlib.import_module(codec_library)
    spec = library.compile_string("A DEFINITIONS ::= BEGIN B ::= INTEGER (1..5) END")
    assert spec.encode("B", 6) == octets_of("020106")
    with pytest.raises(library.ConstraintsError):
        spec.encode("B", 6, check_constraints=True)
    with pytest.raises(library.ConstraintsError):
        spec.decode("B", octets_of("020106"), check_constraints=True)


def test_the_exceptions_are_of_one_family(codec_library: str) -> None:
    library = importlib.import_module(codec_library)
    for name in ("CompileError", "EncodeError", "DecodeError", "ConstraintsError"):
        assert issubclass(getattr(library, name), library.Error)


DIFFERENT: list[tuple[str, str, Any, str, str]] = [
    ("a negative zero is one (X.690 8.5.9)", "REAL", -0.0, "090143", "0900"),
    ("root members behind additions are tagged first (X.680 25.7)",
     "SEQUENCE { a BOOLEAN, ..., b BOOLEAN, ..., c BOOLEAN }", {"a": True, "c": True}, "30068001ff8101ff",
     "30068001ff8201ff"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "text", "value", "ours", "theirs"), DIFFERENT, ids=[row[0] for row in DIFFERENT])
def test_what_differs_by_intent(codec_library: str, why: str, text: str, value: Any, ours: str, theirs: str) -> None:
    library = importlib.import_module(codec_library)
    spec = library.compile_string(f"A DEFINITIONS AUTOMATIC TAGS ::= BEGIN B ::= {text} END")
    assert spec.encode("B", value).hex() == (ours if codec_library == "fastber" else theirs)


@pytest.mark.parametrize(
    ("text", "value", "octets"),
    [("DATE", date(1985, 4, 12), "1f1f083139383530343132"), ("TIME-OF-DAY", time(15, 27, 46), "1f2006313532373436"),
     ("DATE-TIME", datetime(1582, 2, 3, 4, 5, 6), "1f210e3135383230323033303430353036")]
)  # fmt: skip
def test_useful_times(codec_library: str, text: str, value: Any, octets: str) -> None:
    library = importlib.import_module(codec_library)
    spec = library.compile_string(f"A DEFINITIONS AUTOMATIC TAGS ::= BEGIN B ::= {text} END")
    assert spec.encode("B", value).hex() == octets
    assert spec.decode("B", octets_of(octets)) == value


def test_defaults_of_an_absent_addition_group(codec_library: str) -> None:
    """They are filled in, as those of any other member."""
    library = importlib.import_module(codec_library)
    text = "A DEFINITIONS AUTOMATIC TAGS ::= BEGIN B ::= SEQUENCE { ..., [[ a NULL, b BOOLEAN DEFAULT TRUE ]] } END"
    assert library.compile_string(text).decode("B", b"\x30\x00") == ({"b": True} if codec_library == "fastber" else {})


def test_a_tag_number_has_no_leading_zeros(codec_library: str) -> None:
    """X.690 8.1.2.4.2 c."""
    library = importlib.import_module(codec_library)
    spec = compiled(codec_library, "Plain", "ber")
    if codec_library == "asn1tools":
        assert spec.decode_length(octets_of("9f80800102ff")) == 7
    else:
        with pytest.raises(library.DecodeError):
            spec.decode_length(octets_of("9f80800102ff"))
