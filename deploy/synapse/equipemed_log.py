"""Keeps personal data out of Synapse's log.

A formatter for log.yaml: whatever a message or a traceback repeats of a request is replaced by what it was. It replaces
too much rather than too little, and knows no way to fail: what it cannot read it leaves out.
"""

import logging
import re

# The order matters: a user's id holds a host name, an e-mail address looks like the end of one.
_REPLACED = (
    (re.compile(r"access_token=[^&\s'\"]+"), "access_token=(token)"),
    (re.compile(r"\b(?:syt|syr|mct|syl)_[A-Za-z0-9_=-]+"), "(token)"),
    (re.compile(r"(?:@|%40)[A-Za-z0-9._=/+-]+(?::|%3A)[A-Za-z0-9.:-]+", re.IGNORECASE), "(user)"),
    (re.compile(r"(?:#|%23)[^\s:'\"/]+(?::|%3A)[A-Za-z0-9.:-]+", re.IGNORECASE), "(alias)"),
    (re.compile(r"(?:!|%21)[A-Za-z0-9_-]{10,}(?:(?::|%3A)[A-Za-z0-9.:-]+)?", re.IGNORECASE), "(room)"),
    (re.compile(r"mxc://[^\s'\"]+"), "(file)"),
    (re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"), "(e-mail)"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "(address)"),
    (re.compile(r"\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\b", re.IGNORECASE), "(address)"),
    # Parameters of a statement, and the row that a constraint names.
    (re.compile(r"(DETAIL:|\[parameters:|Key \().*"), r"\1 (left out)"),
)


class Masked(logging.Formatter):
    """Formats as usual, then replaces ids, addresses and tokens."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            text = super().format(record)
        except Exception:  # A message whose arguments do not fit it.
            return f"{record.levelname} {record.name} (a message that cannot be written)"
        for pattern, instead in _REPLACED:
            text = pattern.sub(instead, text)
        return text
