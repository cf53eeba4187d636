"""What librdkafka and the broker report, told apart by what happens next: one table, one door.

Each error code stands in exactly one row of `TABLE`; a test holds the table against the installed
client. The flags that an error carries (`fatal()`, `txn_requires_abort()`, `retriable()`) go before
its row, because the same code can mean both: a time-out inside a fenced producer is fatal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from confluent_kafka import KafkaError, KafkaException

from cdc.errors import ConfigError, FatalError, HeadworksError, TransientError, Unreachable


class Refused(TransientError):
    """The broker will never take one of the records: abort, and try fewer at a time."""


class Fenced(FatalError):
    """The producer can do nothing more: another of its name came, or the broker lost patience.

    Both look alike from here (a transaction that outlives its time-out is rolled back under a new
    epoch); `Source.confirm_membership` tells them apart.
    """


class Outcome(Enum):
    """What happens after an error; the value is the class that says so."""

    RETRY = TransientError
    REFUSED = Refused
    UNREACHABLE = Unreachable
    WRONG_SETTING = ConfigError
    STOP = FatalError


HINTS: Mapping[Outcome, str] = {
    Outcome.RETRY: "",
    Outcome.REFUSED: "",
    Outcome.UNREACHABLE: (
        "settings kafka.bootstrap, kafka.port and kafka.client; the local one: cdc stack up kafka"
    ),
    Outcome.WRONG_SETTING: "settings kafka.client, kafka.replication_factor and relay",
    Outcome.STOP: "start it again; give every relay of a group its own --instance",
}

TABLE: Mapping[Outcome, str] = {
    Outcome.RETRY: """
        _ASSIGNMENT_LOST _BAD_COMPRESSION _BAD_MSG _DESTROY_BROKER _FAIL _IN_PROGRESS _ISR_INSUFF
        _MSG_TIMED_OUT _LOG_TRUNCATION _MAX_POLL_EXCEEDED _NODE_UPDATE _NOOP _NO_OFFSET _OUTDATED
        _PARTIAL _PARTITION_EOF _PREV_IN_PROGRESS _PURGE_INFLIGHT _PURGE_QUEUE _QUEUE_FULL _RETRY
        _STATE _TIMED_OUT _TIMED_OUT_QUEUE _UNDERFLOW _UNKNOWN_BROKER _UNKNOWN_GROUP
        _UNKNOWN_PARTITION _UNKNOWN_TOPIC _WAIT_CACHE _WAIT_COORD _INTR _AUTO_OFFSET_RESET
        _ASSIGN_PARTITIONS _REVOKE_PARTITIONS _CONFLICT _NOENT BROKER_NOT_AVAILABLE
        CONCURRENT_TRANSACTIONS COORDINATOR_LOAD_IN_PROGRESS COORDINATOR_NOT_AVAILABLE
        DUPLICATE_RESOURCE DUPLICATE_SEQUENCE_NUMBER ELECTION_NOT_NEEDED
        ELIGIBLE_LEADERS_NOT_AVAILABLE FENCED_LEADER_EPOCH FENCED_MEMBER_EPOCH FENCED_STATE_EPOCH
        FETCH_SESSION_ID_NOT_FOUND GROUP_ID_NOT_FOUND GROUP_SUBSCRIBED_TO_TOPIC ILLEGAL_GENERATION
        INCONSISTENT_TOPIC_ID INVALID_FETCH_SESSION_EPOCH INVALID_RECORD_STATE
        INVALID_SHARE_SESSION_EPOCH INVALID_TXN_STATE INVALID_UPDATE_VERSION KAFKA_STORAGE_ERROR
        LEADER_NOT_AVAILABLE LISTENER_NOT_FOUND LOG_DIR_NOT_FOUND MEMBER_ID_REQUIRED
        NETWORK_EXCEPTION NON_EMPTY_GROUP NOT_CONTROLLER NOT_COORDINATOR NOT_ENOUGH_REPLICAS
        NOT_ENOUGH_REPLICAS_AFTER_APPEND NOT_LEADER_FOR_PARTITION NO_REASSIGNMENT_IN_PROGRESS
        OFFSET_NOT_AVAILABLE OFFSET_OUT_OF_RANGE OPERATION_NOT_ATTEMPTED
        OUT_OF_ORDER_SEQUENCE_NUMBER PREFERRED_LEADER_NOT_AVAILABLE REASSIGNMENT_IN_PROGRESS
        REBALANCE_IN_PROGRESS REBOOTSTRAP_REQUIRED REPLICA_NOT_AVAILABLE REQUEST_TIMED_OUT
        RESOURCE_NOT_FOUND SHARE_SESSION_LIMIT_REACHED SHARE_SESSION_NOT_FOUND STALE_BROKER_EPOCH
        STALE_CTRL_EPOCH STALE_MEMBER_EPOCH THROTTLING_QUOTA_EXCEEDED TOPIC_ALREADY_EXISTS
        TRANSACTION_ABORTABLE TRANSACTION_COORDINATOR_FENCED UNKNOWN UNKNOWN_CONTROLLER_ID
        UNKNOWN_LEADER_EPOCH UNKNOWN_MEMBER_ID UNKNOWN_PRODUCER_ID UNKNOWN_SUBSCRIPTION_ID
        UNKNOWN_TOPIC_ID UNKNOWN_TOPIC_OR_PART UNSTABLE_OFFSET_COMMIT NO_ERROR INVALID_VOTER_KEY
        DUPLICATE_VOTER VOTER_NOT_FOUND INCONSISTENT_VOTER_SET STREAMS_TOPOLOGY_FENCED
    """,
    Outcome.REFUSED: """
        MSG_SIZE_TOO_LARGE RECORD_LIST_TOO_LARGE INVALID_RECORD INVALID_MSG INVALID_MSG_SIZE
        INVALID_TIMESTAMP POLICY_VIOLATION _INVALID_DIFFERENT_RECORD
    """,
    Outcome.UNREACHABLE: """
        _ALL_BROKERS_DOWN _AUTHENTICATION _RESOLVE _SSL _TRANSPORT CLUSTER_AUTHORIZATION_FAILED
        DELEGATION_TOKEN_AUTHORIZATION_FAILED DELEGATION_TOKEN_AUTH_DISABLED
        DELEGATION_TOKEN_EXPIRED DELEGATION_TOKEN_NOT_FOUND DELEGATION_TOKEN_OWNER_MISMATCH
        DELEGATION_TOKEN_REQUEST_NOT_ALLOWED GROUP_AUTHORIZATION_FAILED ILLEGAL_SASL_STATE
        INVALID_PRINCIPAL_TYPE PRINCIPAL_DESERIALIZATION_FAILURE SASL_AUTHENTICATION_FAILED
        SECURITY_DISABLED TOPIC_AUTHORIZATION_FAILED TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        UNACCEPTABLE_CREDENTIAL UNSUPPORTED_SASL_MECHANISM
    """,
    Outcome.WRONG_SETTING: """
        _INVALID_ARG _NOT_CONFIGURED _NOT_IMPLEMENTED _UNKNOWN_PROTOCOL _UNSUPPORTED_FEATURE
        GROUP_MAX_SIZE_REACHED INCONSISTENT_GROUP_PROTOCOL INVALID_CONFIG INVALID_GROUP_ID
        INVALID_PARTITIONS INVALID_REGISTRATION INVALID_REGULAR_EXPRESSION
        INVALID_REPLICATION_FACTOR INVALID_REPLICA_ASSIGNMENT INVALID_REQUEST INVALID_REQUIRED_ACKS
        INVALID_SESSION_TIMEOUT INVALID_TRANSACTION_TIMEOUT MISMATCHED_ENDPOINT_TYPE
        OFFSET_METADATA_TOO_LARGE INVALID_COMMIT_OFFSET_SIZE TOPIC_DELETION_DISABLED
        TOPIC_EXCEPTION UNSUPPORTED_ASSIGNOR UNSUPPORTED_COMPRESSION_TYPE UNSUPPORTED_ENDPOINT_TYPE
        UNSUPPORTED_FOR_MESSAGE_FORMAT UNSUPPORTED_VERSION FEATURE_UPDATE_FAILED
        STREAMS_INVALID_TOPOLOGY STREAMS_INVALID_TOPOLOGY_EPOCH TELEMETRY_TOO_LARGE
    """,
    Outcome.STOP: """
        _APPLICATION _CRIT_SYS_RESOURCE _DESTROY _EXISTING_SUBSCRIPTION _FATAL _FENCED _FS
        _GAPLESS_GUARANTEE _INCONSISTENT _INVALID_TYPE _KEY_DESERIALIZATION _KEY_SERIALIZATION
        _READ_ONLY _VALUE_DESERIALIZATION _VALUE_SERIALIZATION FENCED_INSTANCE_ID
        INVALID_PRODUCER_EPOCH INVALID_PRODUCER_ID_MAPPING PRODUCER_FENCED UNRELEASED_INSTANCE_ID
    """,
}

PLAINLY: Mapping[int, str] = {
    KafkaError._UNKNOWN_PARTITION: "no broker leads this partition now",  # noqa: SLF001
    KafkaError._TIMED_OUT: "no answer in time",  # noqa: SLF001 (the client's names)
}
"""What the client says less clearly."""

_OUTCOME_OF_NAME = {name: outcome for outcome, names in TABLE.items() for name in names.split()}
OUTCOME_OF_CODE: Mapping[int, Outcome] = {
    getattr(KafkaError, name): outcome
    for name, outcome in _OUTCOME_OF_NAME.items()
    if hasattr(KafkaError, name)  # an older client knows fewer codes
}


def outcome_of(error: KafkaError) -> Outcome:
    """What happens next; a code that the table does not know is retried if it says so."""
    row = OUTCOME_OF_CODE.get(error.code())
    if error.fatal():
        return Outcome.STOP
    if row is Outcome.REFUSED:
        return row
    if error.txn_requires_abort() or error.retriable():
        return Outcome.RETRY
    return row or Outcome.STOP


def error_in(exception: KafkaException) -> KafkaError:
    """The error that an exception of the client carries."""
    error: KafkaError = exception.args[0]
    return error


@dataclass(frozen=True, slots=True)
class Door:
    """Turns what the client raises into what `cdc.errors` means; `where` is the bootstrap list.

    `one_try`: behind this door nothing is tried again, so that a time-out means absence. `fatal` is
    what an end for good is called here.
    """

    where: str
    one_try: bool = False
    fatal: type[FatalError] = FatalError

    def explain(self, error: KafkaError, doing: str) -> HeadworksError:
        """One line and a next step; librdkafka's own text holds no record."""
        if self._absent(error):
            return self.absent(doing)
        outcome = outcome_of(error)
        kind: type[HeadworksError] = self.fatal if outcome is Outcome.STOP else outcome.value
        text = PLAINLY.get(error.code(), error.str())
        message = f"Kafka at {self.where}: {doing}: {text} ({error.name()})"
        return kind(message, hint=HINTS[outcome])

    def absent(self, doing: str) -> Unreachable:
        """Nobody answers."""
        message = f"Kafka at {self.where} does not answer ({doing})"
        return Unreachable(message, hint=HINTS[Outcome.UNREACHABLE])

    def _absent(self, error: KafkaError) -> bool:
        if self.one_try and error.code() == KafkaError._TIMED_OUT:  # noqa: SLF001
            return True
        unheard = error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)  # noqa: SLF001
        return unheard and outcome_of(error) is Outcome.UNREACHABLE

    @contextmanager
    def mapped(self, doing: str) -> Iterator[None]:
        """Errors of the client inside the block leave it as errors of `cdc`."""
        try:
            yield
        except KafkaException as error:
            raise self.explain(error_in(error), doing) from None
