"""When a fenced member comes back, and when it takes the fencing for another process's."""

import pytest
from confluent_kafka import KafkaError

from cdc.kafka.membership import AGAIN_S, TROUBLE_S, Membership

TRANSPORT = KafkaError(KafkaError._TRANSPORT)


@pytest.fixture
def clock():
    """A time that the test moves."""
    return [1000.0]


@pytest.fixture
def membership(clock):
    """At that time, and nothing heard yet."""
    return Membership(lambda: clock[0])


def test_fenced_out_of_the_blue_is_another_process(membership):
    """No connection was lost: never again."""
    membership.hear(KafkaError(KafkaError._MAX_POLL_EXCEEDED))
    assert not membership.may_join_again()


@pytest.mark.parametrize(
    ("after_s", "again"), [(0, True), (TROUBLE_S - 1, True), (TROUBLE_S, False)]
)
def test_fenced_behind_a_lost_connection(membership, clock, after_s, again):
    """The broker's doing for a while after it was gone."""
    membership.hear(TRANSPORT)
    clock[0] += after_s
    assert membership.may_join_again() is again


@pytest.mark.parametrize(("after_s", "again"), [(1, False), (AGAIN_S - 1, False), (AGAIN_S, True)])
def test_fenced_twice_running_is_another_process(membership, clock, after_s, again):
    """Whoever has come back once does not fight for the name."""
    membership.hear(TRANSPORT)
    assert membership.may_join_again()
    clock[0] += after_s
    membership.hear(TRANSPORT)
    assert membership.may_join_again() is again
