"""The upper layers of OSI: presentation (X.226), association control (X.227), reliable transfer (X.228), bind of remote
operations (X.880). Transport and session come compiled, from `x400_framer`.

Nothing here touches a socket or reads a clock: octets go in and events come out, requests go in and octets come out,
and the time is passed in (`now`, seconds of any monotonic clock). Each layer has the same modules:

    connection   one connection of the layer: bytes or events of the layer below in, events out
    events       what a connection reports: indications and confirms by their names in the Recommendations
    exceptions   what can go wrong, with the codes that go on the wire
    states       the states and the table of transitions

`rtse.Connection` is the face of the whole stack for a user of reliable transfer.
"""
