"""The procedures of an MTA (X.411 clause 14): an APDU in, what is to be done with it out. No I/O, no clock.

`MTA` (mta.py) is the door; each other module bears the name of the procedure that it holds:

    submission | message_in -> front_end -> routing_and_conversion_decision -> splitter -> dispatcher
               -> [error_processing -> report_generation -> report_routing] | delivery | message out
"""

from x400.mta.configuration import (
    DistributionList,
    InternalTrace,
    MTAConfiguration,
    ReportPolicy,
    Restrictions,
    Route,
    User,
)
from x400.mta.mta import MTA
from x400.mta.outcome import Delivery, Held, LogRecord, Outcome, Transfer
from x400.mta.submission import SubmissionRefused, Submitted
from x400.mts.stored import Stored, Tail

__all__ = [
    "MTA",
    "Delivery",
    "DistributionList",
    "Held",
    "InternalTrace",
    "LogRecord",
    "MTAConfiguration",
    "Outcome",
    "ReportPolicy",
    "Restrictions",
    "Route",
    "Stored",
    "SubmissionRefused",
    "Submitted",
    "Tail",
    "Transfer",
    "User",
]
