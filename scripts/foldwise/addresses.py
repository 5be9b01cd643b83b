"""Addresses that may be passed on."""

import re

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def without_credentials(text: str) -> str:
    """Return the text with the user names and passwords inside its addresses as ``***``."""
    return _CREDENTIALS.sub("***", text)
