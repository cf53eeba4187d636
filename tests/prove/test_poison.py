"""Messages that no connector sends: each is refused, and none of what it holds is told."""

import random
from collections import Counter
from typing import Any

import orjson
import pytest

from cdc.errors import EnvelopeError, HeadworksError, TableStopped
from cdc.keys import Key
from cdc.privacy.plan import Plan, plan_table
from cdc.privacy.policy import load_policies
from cdc.prove.draw import SourceColumn, draw
from cdc.prove.markers import Ledger, Sort
from cdc.prove.poison import Message, poison, unknown_type
from cdc.stream.shape import split_shapes
from tests.builders import KEYS, USERS, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, governor
from tests.verify.world import USERS as TABLE

TOPIC = RawTopic("mysql.pizzashop.users", USERS)
POLICY = """\
table: pizzashop.users
format: {}
columns:
  id: {{class: identifier, rule: token, key: pii, type: user_id}}
  first_name: {{class: public, rule: keep}}
  updated_at: {{class: quasi, rule: date_part, part: year}}
"""


class Marks:
    """Draws marked values and keeps what they may look like."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._rng = random.Random(1)

    def __call__(self, kind: str) -> Any:
        drawn = draw(self._rng, SourceColumn("c", kind, 60, 18, 0))
        assert drawn is not None
        self.ledger.add(Sort.HIDDEN, "poison", kind, drawn.needles)
        return drawn.value

    def unquoted(self, error: HeadworksError) -> HeadworksError:
        """The error, whose words hold nothing of what was drawn."""
        said = f"{error.message} {error.hint}".encode()
        assert not [needle for _, needle in self.ledger.needles() if needle.data in said]
        return error


@pytest.fixture(params=["avro", "json"])
def policies(tmp_path, request):
    """A folder with one policy, of either format."""
    (tmp_path / "pizzashop.users.yaml").write_text(POLICY.format(request.param))
    return tmp_path


def planned(policies) -> Plan:
    """The plan of that policy."""
    keys = {**KEYS, "dlq": Key("dlq", 1, {1: bytes(32)})}
    return plan_table(TABLE, load_policies(policies), keys, "governed")


def reasons_of(message: Message, policies, marks: Marks) -> list[str]:
    """Why a message is refused; fails where it is not."""
    ((shape, run),) = split_shapes(raw_batch(TOPIC.topic, [(message.key, message.value)]))
    if shape is None:
        return ["no_shape"]
    try:
        out = governor(DictRegistry(), policies).program_for(TOPIC.topic, shape).run(run, 1)
    except EnvelopeError as error:
        return [marks.unquoted(error).reason]
    assert not out.keys, message.wrong
    return [marks.unquoted(reject.error).reason for reject in out.rejects]


def test_every_message_is_refused_and_none_is_quoted(policies):
    """Each becomes a reject of some stage, whose words hold no needle of what was planted."""
    marks, reasons = Marks(), Counter()
    key, value = TOPIC.json("c", user(7))
    messages = list(poison(key, value, planned(policies), marks))
    for message in messages:
        reasons.update(reasons_of(message, policies, marks))
    assert sum(reasons.values()) == len(messages)
    assert {"no_shape", "not_an_envelope", "no_row", "wrong_type", "rule_cannot_act"} <= set(
        reasons
    )


def test_an_unknown_type_stops_its_table(policies):
    """The column keeps its values, and its type has no canonical form."""
    key, value = TOPIC.json("c", user(7))
    broken = unknown_type(value, "first_name")
    assert orjson.loads(broken)["payload"] == orjson.loads(value)["payload"]
    ((shape, _),) = split_shapes(raw_batch(TOPIC.topic, [(key, broken)]))
    assert shape is not None
    with pytest.raises(TableStopped) as caught:
        governor(DictRegistry(), policies).program_for(TOPIC.topic, shape)
    assert caught.value.code == "unsupported_type"


def test_of_avro_only_what_is_no_envelope_is_made(policies):
    """Another Avro message would need a schema of its own in the registry."""
    messages = list(poison(b"\0\0\0\0\1k", b"\0\0\0\0\2v", planned(policies), Marks()))
    assert len(messages) == 3
