"""The asyncio front of osi: the only folder that touches a socket. No protocol logic is here."""
