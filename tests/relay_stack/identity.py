"""A relay process with the fake program: what it does to each event is known beforehand.

Run as `python -m tests.relay_stack.identity INSTANCE`, with settings in the environment.
"""

import os
import sys

from cdc.config import Settings, load_settings
from cdc.errors import HeadworksError, TableStopped
from cdc.kafka.client import KafkaAccess
from cdc.relay import Ports, Relay
from cdc.relay.process import run_relay
from tests.relay_stack.fakes import CIPHER, FakePrograms, split

BAD = "TEST_BAD_PAYLOAD"
"""Environment variable: the payload that cannot pass."""
STOPPING_SHAPE = 9
STOPPED = TableStopped("no_policy", "users: no policy, so nothing leaves", hint="write one")


def build(settings: Settings, instance: int) -> Relay:
    """Real clients, fake programs."""
    kafka = KafkaAccess.of(settings)
    ports = Ports(
        source=kafka.source(settings.relay, instance),
        sink=kafka.sink(settings.relay, instance),
        topics=kafka.topics(),
        reader=kafka.reader(),
        programs=FakePrograms({STOPPING_SHAPE: STOPPED}, bad=os.environ.get(BAD, "bad")),
        cipher=CIPHER,
        split=split,
    )
    return Relay(settings.relay, instance, ports)


def main() -> int:
    """Exit as `cdc relay run` does."""
    try:
        run_relay(load_settings(), int(sys.argv[1]), build)
    except HeadworksError as error:
        print(f"error: {error.message}", file=sys.stderr)  # noqa: T201 (what a user sees)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
