"""The MTA as the server sees it: octets in, an outcome out. It does nothing by itself and keeps nothing but caches."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import datetime

import fastber
from x400.mta.configuration import DistributionList, MTAConfiguration, Route, User
from x400.mta.deferred_delivery import cancel, release
from x400.mta.delivery import NO_CONTENT
from x400.mta.directory import Directory
from x400.mta.downgrading import downgrade
from x400.mta.message_in import give_up, message_in, not_delivered, resume
from x400.mta.outcome import Outcome
from x400.mta.report_front_end import report_in
from x400.mta.rerouting import reroute
from x400.mta.routing_and_conversion_decision import Decision, RouteTable
from x400.mta.submission import Submitted, message_submission, probe_submission
from x400.mta.upgrading import upgrade
from x400.mts.apdu import Apdu
from x400.mts.exceptions import InvalidAPDU, InvalidORAddress
from x400.mts.identifiers import MTSIdentifiers
from x400.mts.oraddress import ORAddress
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode
from x400.mts.stored import Buffer, Stored
from x400.mts.trace import TraceMaker

__all__ = ["MTA"]

_CACHED = 65_536
_AMBIGUOUS = NonDelivery.of(NonDeliveryDiagnosticCode.AMBIGUOUS_OR_NAME)


class MTA:
    """The procedures of X.411 clause 14, for one MTA, of what it is told in `configuration`.

    The same input with the same `now` (aware, UTC) gives the same outcome, but for the count in identifiers of reports.
    """

    def __init__(self, configuration: MTAConfiguration, directory: Directory | None = None) -> None:
        self.configuration = configuration
        self._directory = directory
        domain = configuration.global_domain_identifier
        self.identifiers = MTSIdentifiers(domain, configuration.name, configuration.worker)
        self.trace = TraceMaker(domain, configuration.name)
        self.decisions: dict[bytes, Decision] = {}
        """Decisions by the octets of the recipient's name."""
        self._routes = _table(configuration)

    def replace_routes(self, routes: Iterable[Route]) -> None:
        """From now on, go by these routes; raises ValueError, and changes nothing, when two are for the same name."""
        self.replace_configuration(replace(self.configuration, routes=tuple(routes)))

    def replace_configuration(self, configuration: MTAConfiguration) -> None:
        """From now on, go by these routes, users, lists and limits; the MTA's own name and domain stay. Raises
        ValueError, and changes nothing, when two routes are for the same name."""
        self._routes = _table(configuration)
        self.decisions = {}
        self.configuration = configuration

    def decide(self, address: ORAddress, now: datetime | None = None) -> Decision:
        """Where a recipient of that name goes; by the directory, if there is one, where no route is for it."""
        decision = self._routes.decide(address)
        if self._directory is None or now is None or decision.non_delivery is None or decision.route is not None:
            return decision
        answer = self._directory.answer(address, now)
        if answer is None:
            return Decision(decision.recipient, passing=True, wanted=True)
        if not answer.is_known:
            return replace(decision, passing=True)
        if answer.ambiguous:
            return Decision(decision.recipient, non_delivery=_AMBIGUOUS, passing=True)
        if answer.alternate is not None:
            user = User(address, alternate_recipient=answer.alternate)
            return Decision(decision.recipient, special=True, user=user, passing=True)
        if answer.next_hop is not None and answer.next_hop in _restricted(self.configuration):
            route = Route(address, peer=answer.next_hop)
            return Decision(decision.recipient, special=True, routes=(route,), passing=True)
        return Decision(decision.recipient, answer.next_hop, answer.folder, passing=True)

    def wanted(self, stored: Stored, now: datetime) -> list[ORAddress]:
        """The names in what is held for a directory, that this has to be asked for before `resume`."""
        with _Faults():
            apdu = Apdu(stored)
            candidates = [apdu.report_destination] if apdu.kind == "report" else [*_names(apdu)]
            return [name for name in dict.fromkeys(candidates) if self.decide(name, now).wanted]

    def resume(self, stored: Stored, now: datetime) -> Outcome:
        """A directory has been asked for the names in what was held; what to store in its place."""
        with _Faults():
            apdu, outcome = _opened(stored)
            resume(self, apdu, outcome, now)
        return outcome

    def reroute(
        self, stored: Stored, recipients: Iterable[int], attempted: str, down: Container[str], now: datetime
    ) -> Outcome | None:
        """What is queued for `attempted`, by other routes; None where not all of its recipients have one to a peer that
        is not `down`. To be stored as the queue entry is removed."""
        with _Faults():
            apdu, outcome = _opened(stored)
            return outcome if reroute(self, apdu, outcome, frozenset(recipients), attempted, down, now) else None

    def has_alternatives(self, peer: str) -> bool:
        """Whether some route has another peer beside this one."""
        return self._routes.has_alternatives(peer)

    def distribution_list(self, address: ORAddress) -> DistributionList | None:
        """The list of that name, if it is expanded here."""
        return self._routes.distribution_list(address)

    def remember(self, raw_name: bytes, decision: Decision) -> Decision:
        """Keep a decision for the next message to that name."""
        if len(self.decisions) >= _CACHED:
            self.decisions.clear()
        self.decisions[raw_name] = decision
        return decision

    def message_in(self, stored: Stored, peer: str, now: datetime) -> Outcome:
        """A message, probe or report that `peer` has transferred.

        Raises InvalidAPDU when it does not decode where it must, or when nothing could be reported to anybody: the
        transfer is to be rejected and the octets kept for a human.
        """
        try:
            apdu = Apdu(stored)
            if peer in self.configuration.peers_1984:
                apdu = Apdu(upgrade(apdu))
            outcome = Outcome(apdu.identifier, _duplicate_key(apdu, peer), apdu.kind)
            if apdu.kind == "report":
                report_in(self, apdu, outcome, now)
            else:
                message_in(self, apdu, outcome, now)
        except (fastber.DecodeError, InvalidORAddress, KeyError) as error:
            raise _invalid(error) from None
        return outcome

    def message_submission(self, envelope: Buffer, content: bytes, now: datetime) -> Submitted:
        """A message that a user submits: the octets of a MessageSubmissionEnvelope, and the content.

        Raises SubmissionRefused, and InvalidAPDU for what is no such envelope.
        """
        with _Faults():
            return message_submission(self, envelope, content, now)

    def probe_submission(self, envelope: Buffer, now: datetime) -> Submitted:
        """A probe likewise, of a ProbeSubmissionEnvelope."""
        with _Faults():
            return probe_submission(self, envelope, now)

    def message_out(self, stored: Stored, peer: str) -> Stored:
        """The octets to send of what is queued for `peer`: as they are, but to a peer of 1984 downgraded."""
        if peer not in self.configuration.peers_1984:
            return stored
        with _Faults():
            return downgrade(Apdu(stored), self.configuration.gateway_1984)

    def release(self, stored: Stored, arrived: datetime, now: datetime) -> Outcome:
        """The time has come of a message that was held since `arrived`; what to store in its place."""
        with _Faults():
            apdu, outcome = _opened(stored)
            release(self, apdu, outcome, arrived, now)
        return outcome

    def cancel(self, stored: Stored, by: ORAddress | None) -> Outcome | None:
        """A held message is cancelled: its outcome, which is nothing but a line in the log, takes its place. None when
        it is not `by` its originator (or by None, the operator)."""
        with _Faults():
            apdu, outcome = _opened(stored)
            return outcome if cancel(apdu, outcome, by) else None

    def expire(
        self,
        stored: Stored,
        recipients: Iterable[int] | None,
        reason: NonDelivery | NonDeliveryDiagnosticCode | str,
        now: datetime,
        *,
        final: bool = False,
    ) -> Outcome:
        """A queued transfer is given up: the non-delivery report, to be stored as the queue entry is removed.

        `stored` is the copy that was to be sent, `recipients` are places in its per-recipient-fields (None: all for
        whom the next MTA was to be responsible). `reason` may be a diagnostic's name, such as `maximum-time-expired`
        or `transfer-attempts-limit-reached`; other text is an expired time, explained to the human. Of a report that
        is given up nothing is reported. `final`: there is nothing to be passed on to an alternate recipient, either.
        """
        why = reason if isinstance(reason, NonDelivery) else NonDelivery.of(reason)
        places = None if recipients is None else tuple(recipients)
        with _Faults():
            apdu, outcome = _opened(stored)
            give_up(self, apdu, outcome, places, why, now, final=final)
        return outcome

    def not_delivered(
        self, subject: bytes, arrived: datetime, reason: NonDelivery | NonDeliveryDiagnosticCode | str, now: datetime
    ) -> Outcome:
        """A delivery has failed for good after all: the non-delivery report, to be stored as its entry is removed.

        `subject` and `arrived` are the `Delivery`'s; `reason` is as in `expire`.
        """
        why = reason if isinstance(reason, NonDelivery) else NonDelivery.of(reason)
        with _Faults():
            apdu, outcome = _opened(Stored(subject, NO_CONTENT))
            not_delivered(self, apdu, outcome, arrived, why, now)
        return outcome


def _names(apdu: Apdu) -> Iterable[ORAddress]:
    """The names of those recipients that are addresses, and whose responsibility is this MTA's."""
    for recipient in apdu.recipients:
        if recipient.indicators.responsibility:
            try:
                yield recipient.name
            except (fastber.DecodeError, InvalidORAddress, KeyError):
                continue


def _opened(stored: Stored) -> tuple[Apdu, Outcome]:
    """What is held or queued here, and an outcome of it, with nothing in it yet."""
    apdu = Apdu(stored)
    return apdu, Outcome(apdu.identifier, _duplicate_key(apdu, ""), apdu.kind)


def _invalid(error: Exception) -> InvalidAPDU:
    """What is wrong with the octets, as the caller is told of it."""
    if isinstance(error, fastber.DecodeError):
        return InvalidAPDU(str(error), error.offset)
    return InvalidAPDU(f"the originator or another field is malformed or missing: {error}")


class _Faults:
    """What the octets can be at fault with comes out as InvalidAPDU."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, fastber.DecodeError | InvalidORAddress | KeyError):
            raise _invalid(error) from None


def _table(configuration: MTAConfiguration) -> RouteTable:
    restricted = _restricted(configuration)
    return RouteTable(configuration.routes, configuration.users, configuration.distribution_lists, restricted)


def _restricted(configuration: MTAConfiguration) -> frozenset[str]:
    """The peers that do not take everything."""
    return configuration.peers_1984.union(configuration.restrictions)


def _duplicate_key(apdu: Apdu, peer: str) -> bytes:
    """What is the same in a repeated transfer, and differs where one MTA rightly sends the same message twice: who sent
    it, its identifier, the way that it came, and for whom it is."""
    key = hashlib.blake2b(peer.encode(), digest_size=16)
    for octets in apdu.identity:
        key.update(octets)
    return key.digest()
