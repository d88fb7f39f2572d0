"""`x400 send`."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from x400.cli.arguments import (
    STDIN,
    Flag,
    HostPort,
    ORName,
    ORNames,
    credentials,
    domain_of,
    host_port,
    octets_of,
    or_address,
)
from x400.cli.console import fail

if TYPE_CHECKING:
    from x400.ipm.body_parts import BodyPart

__all__ = ["body_part", "send"]


def send(
    *files: Path,
    from_: Annotated[ORName, Parameter(name="--from")],
    to: ORNames,
    via: HostPort,
    copy: ORNames | None = None,
    subject: str | None = None,
    priority: Literal["normal", "non-urgent", "urgent"] = "normal",
    importance: Literal["low", "normal", "high"] = "normal",
    request_report: Literal["no-report", "non-delivery-report", "report"] = "non-delivery-report",
    return_content: Flag = False,
    defer: Annotated[float, Parameter(validator=validators.Number(gte=0))] = 0.0,
    attach: Flag = False,
    name: str = "x400-send",
    password: str | None = None,
    transport_selector: str = "",
    capture: Path | None = None,
    timeout: float = 60.0,
) -> int:
    """Send files as one interpersonal message, by P1, as an MTA of its own; prints the message's MTS identifier.

    Parameters
    ----------
    files
        Text goes as text (IA5 or general text), other files as files. `-` is text from standard input.
    from_
        The originator, such as /C=GB/A=X/P=Y/O=Z/S=Alice/.
    to
        A recipient; may be given several times.
    via
        The MTA that takes the message, HOST:PORT.
    copy
        A recipient of a copy; may be given several times.
    subject
        What the message is about; the first file's name when it is not given.
    priority
        Which queue the message is in on its way.
    importance
        What the recipient is told about it.
    request_report
        What the originator wants to hear.
    return_content
        Non-delivery reports shall bring the content back.
    defer
        Seconds from now before which it is not to be delivered; an MTA that holds it may cancel it until then.
    attach
        Text files go as files, too.
    name
        The name of this MTA, which the peer may expect.
    password
        This MTA's password; without it, it calls unauthenticated.
    transport_selector
        The called transport selector.
    capture
        A pcapng file to which the association is recorded.
    timeout
        Seconds to wait for the peer.
    """
    from x400.ipm.body_parts import encoded_information_types
    from x400.ipm.exceptions import IPMError
    from x400.ipm.heading import Heading, Recipient
    from x400.ipm.message import encode
    from x400.mta import MTA, MTAConfiguration, Route, SubmissionRefused
    from x400.mts.oraddress import ORAddress
    from x400.mts.originate import NewRecipient, submission
    from x400.net.transfer import TransferFailed, transfer_all
    from x400.osi.rtse import Parameters

    if not files:
        fail("a file is expected, or - for standard input", 2)
    now = datetime.now(UTC)
    originator, host_and_port = or_address(from_), host_port(via)
    recipients, copies = [or_address(one) for one in to], [or_address(one) for one in copy or []]
    mta = MTA(
        MTAConfiguration(
            name,
            domain_of(originator),
            (Route(ORAddress({}), peer=via),),
            worker=f"{os.getpid() % 46656:x}",
            defers=False,
        )
    )
    heading = Heading(
        identifier=mta.identifiers.new(now).local_identifier,
        originator=originator,
        primary_recipients=tuple(Recipient(one) for one in recipients),
        copy_recipients=tuple(Recipient(one) for one in copies),
        subject=subject if subject is not None else None if files[0] == STDIN else files[0].name,
        importance=importance,
    )
    body = [body_part(file, attach) for file in files]
    envelope = submission(
        originator,
        [NewRecipient(one, request_report) for one in (*recipients, *copies)],
        encoded_information_types=encoded_information_types(body),
        priority=priority,
        content_return_request=return_content,
        deferred_delivery_time=now + timedelta(seconds=defer) if defer else None,
    )
    try:
        submitted = mta.message_submission(envelope, encode(heading, body), now)
    except (IPMError, SubmissionRefused) as error:
        fail(error)
    (transfer,) = submitted.outcome.transfers
    apdu = bytes(transfer.stored().head)
    taps = None
    if capture is not None:
        from x400.net.capture import Capture

        taps = Capture(capture)
    parameters = Parameters(
        called_transport_selector=transport_selector.encode("latin-1"), connect_time=timeout, transfer_time=timeout
    )
    sending = transfer_all(
        *host_and_port,
        [apdu],
        credentials=credentials(name, password),
        parameters=parameters,
        timeout=timeout,
        taps=taps,
    )
    try:
        asyncio.run(sending)
    except TransferFailed as failure:
        fail(failure)
    print(submitted.identifier)
    return 0


def body_part(file: Path, attach: bool = False) -> BodyPart:
    """The body part that a file goes as."""
    from x400.ipm.body_parts import File, Text

    octets = octets_of(file)
    if not attach:
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            text = "\0"
        if all(character.isprintable() or character in "\t\n\r\f" for character in text):
            return Text(text)
    modified = None if file == STDIN else datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return File(file.name, octets, modified)
