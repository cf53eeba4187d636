"""What can go wrong, told apart by what happens next.

    HeadworksError
    ├── ConfigError         stop before anything starts                           exit 2
    ├── Unreachable         something needed does not answer                      exit 4
    ├── StackError          a part of the local stack did not do what it must     exit 4
    ├── TransientError      abort, back off, take the same offsets again
    ├── FatalError          stop and say so (fenced, impossible state)            exit 4
    ├── TableStopped        this table waits, the others go on                    exit 2
    └── RecordError         this event becomes a dead letter, the stream goes on
        ├── EnvelopeError   not a Debezium envelope
        ├── NormalizeError  a value with no canonical form
        ├── PolicyError     a rule that cannot act on this value
        └── EncodeError     a governed record that cannot be written

A message reads: what, where, allowed, next step. It never carries a row's value.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every `cdc` command."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    DRIFT = 3
    UNREACHABLE = 4


class HeadworksError(Exception):
    """Root of all errors that are meant for a person to read.

    `message` is one line; `hint`, where there is one, is the next step and is printed after it.
    """

    exit_code = ExitCode.UNREACHABLE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(HeadworksError):
    """A setting, file or argument is wrong: nothing has been started."""

    exit_code = ExitCode.USAGE


class Unreachable(HeadworksError):
    """MySQL, Kafka, Connect or the registry does not answer, or refuses the credentials."""


class StackError(HeadworksError):
    """A part of the local stack could not be fetched, started or stopped."""


class TransientError(HeadworksError):
    """The same work may succeed later: abort the transaction, back off, start from its offsets."""


class FatalError(HeadworksError):
    """Going on could lose or double a change: stop."""


class TableStopped(HeadworksError):
    """One table cannot go on; `code` is the machine-readable reason shown in status.

    Codes: `no_policy`, `no_key`, `breaking_schema`, `key_changed`, `key_rotated`,
    `unsupported_type`, `refused_rule`, `raw_lost`, `raw_partitions`, `not_locked`,
    `dead_letter_limit`, `dead_letter_refused`.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class RecordError(HeadworksError):
    """One event cannot pass; `reason` and `column` go into its dead letter."""

    stage = "record"

    def __init__(self, reason: str, message: str, *, column: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.column = column


class EnvelopeError(RecordError):
    """The message is not a Debezium envelope."""

    stage = "decode"


class NormalizeError(RecordError):
    """A value has no canonical form."""

    stage = "normalize"


class PolicyError(RecordError):
    """A rule cannot act on a value."""

    stage = "anonymize"


class EncodeError(RecordError):
    """A governed record cannot be written."""

    stage = "encode"
