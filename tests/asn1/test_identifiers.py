"""The values that modules assign: object identifiers, operation codes, bounds."""

from __future__ import annotations

import pytest

from x400.asn1 import object_identifier, specification

IDENTIFIERS = {
    "MHSProtocolObjectIdentifiers": {
        "id-ac-mts-transfer": "2.6.0.1.6",
        "id-ac-mts-access-88": "2.6.0.1.0",
        "id-ac-mts-forced-access-94": "2.6.0.1.8",
        "id-ac-ms-reliable-access-94": "2.6.0.1.12",
        "id-as-msse": "2.6.0.2.1",
        "id-as-mtse": "2.6.0.2.7",
        "id-as-mts-rtse": "2.6.0.2.8",
        "id-as-mts": "2.6.0.2.11",
        "id-as-mta-rtse": "2.6.0.2.12",
        "id-ase-mtse": "2.6.0.3.4",
    },
    "MTSObjectIdentifiers": {
        "id-ot-mta": "2.6.3.1.2",
        "id-pt-transfer": "2.6.3.2.3",
        "id-cont-inner-envelope": "2.6.3.3.1",
        "id-eit-ia5-text": "2.6.3.4.2",
        "id-eit-voice": "2.6.3.4.7",
        "id-att-physicalRendition-basic": "2.6.3.5.0",
        "id-tok-asymmetricToken": "2.6.3.6.0",
        "id-ct-mta-transfer": "2.6.3.8.2",
        "id-cp-mta-connect": "2.6.3.9.1",
    },
    "MHSObjectIdentifiers": {
        "id-edims": "2.6.7",
        "id-oc-mhs-user": "2.6.5.1.3",
        "id-at-mhs-or-addresses": "2.6.5.2.6",
        "id-at-encrypted-mhs-or-addresses": "2.6.5.2.6.2",
        "id-san-mta-name": "2.6.5.6.0",
    },
    "MSObjectIdentifiers": {"id-att-priority": "2.6.4.3.31", "id-mr-orname-match": "2.6.4.8.17"},
    "EDIMSObjectIdentifiers": {"id-mct-pedi": "2.6.7.10.0", "id-bp-edifact-ISO646": "2.6.7.11.0"},
    "MMSObjectIdentifiers": {
        "id-mct-p772": "1.3.26.0.4406.0.4.1",
        "id-nato-mmhs-mm-primary-precedence": "1.3.26.0.4406.0.2.0",
    },
    "ACSE-1": {"acse-as-id": "2.2.1.0.1"},
    "Reliable-Transfer-APDU": {"rTSE-abstract-syntax": "2.3.2"},
    "InformationFramework": {"id-mr-distinguishedNameMatch": "2.5.13.1"},
    "SelectedAttributeTypes": {"id-at-commonName": "2.5.4.3", "id-mr-integerMatch": "2.5.13.14"},
    "CertificateExtensions": {"id-ce-subjectAltName": "2.5.29.17"},
    "IPMSObjectIdentifiers": {
        "id-hex-languages": "2.6.1.5.1",
        "id-et-ia5-text": "2.6.1.4.0",
        "id-et-file-transfer": "2.6.1.4.12",
        "id-ep-ia5-text": "2.6.1.11.0",
    },
}


@pytest.mark.parametrize(
    ("module", "name", "dotted"),
    [(module, name, dotted) for module, values in IDENTIFIERS.items() for name, dotted in values.items()],
)
def test_object_identifier(module: str, name: str, dotted: str) -> None:
    assert object_identifier(module, name) == dotted


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("op-register", 1),
        ("op-submission-control", 2),
        ("op-message-submission", 3),
        ("op-probe-submission", 4),
        ("op-message-delivery", 5),
        ("op-report-delivery", 6),
        ("op-cancel-deferred-delivery", 7),
        ("op-change-credentials", 8),
        ("err-submission-control-violated", 1),
        ("err-security-error", 12),
        ("err-operation-refused", 16),
    ],
)
def test_codes_of_p3(name: str, code: int) -> None:
    """X.419, clause 7."""
    assert specification().values["MTSAccessProtocol"][name] == ("local", code)


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("ub-recipients", 32767),
        ("ub-transfers", 512),
        ("ub-mta-name-length", 32),
        ("ub-local-id-length", 32),
        ("ub-password-length", 62),
        ("ub-content-length", 2**31 - 1),
        ("ub-surname-length", 40),
        ("ub-organizational-units", 4),
        ("ub-domain-name-length", 16),
    ],
)
def test_bound(name: str, bound: int) -> None:
    """X.411, annex B."""
    assert specification().values["MTSUpperBounds"][name] == bound


def test_application_protocols_of_1984() -> None:
    """X.419, clause 12: the two values that X.410 mode puts in RTORQ."""
    values = specification().values["MTSTransferProtocol"]
    assert (values["mts-transfer-protocol"], values["mts-transfer-protocol-1984"]) == (12, 1)


def test_codes_of_p7() -> None:
    """X.419, clause 8."""
    values = specification().values["MSAccessProtocol"]
    assert [values[name] for name in ("op-summarize", "op-fetch", "op-modify", "err-entry-class-error")] == [
        ("local", 20),
        ("local", 22),
        ("local", 26),
        ("local", 34),
    ]
