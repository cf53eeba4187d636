import asyncio

import pytest

from registry.errors import InvalidSchemaError, StoreError, WireProfile
from registry.http.batches import MAX_BATCH, Registrar
from registry.http.bodies import SchemaBody
from registry.http.wire import Call
from registry.model import Subject
from tests.registry.cases import make_record


class Watched:
    """A service that counts its transactions; one with the poisoned subject fails as a whole."""

    def __init__(self, service):
        self._service = service
        self.batches = []

    def register_all(self, wanted):
        self.batches.append(len(wanted))
        if any(each.subject == "poison" for each in wanted):
            raise StoreError
        return self._service.register_all(wanted)


def make_call(subject: str, text: str) -> Call:
    """A request to register a schema."""
    body = SchemaBody(schema=text).model_dump_json(by_alias=True).encode()
    return Call({"subject": subject}, {}, body, WireProfile.DEFAULT)


def register_together(registrar, calls):
    """Register all at once; the answers or refusals in order."""

    async def run():
        return await asyncio.gather(*map(registrar.register, calls), return_exceptions=True)

    return asyncio.run(run())


def make_calls(count):
    """Requests for different schemas."""
    texts = [make_record({"name": f"f{i}", "type": "int"}) for i in range(count)]
    return [make_call(f"s{i}", text) for i, text in enumerate(texts)]


def test_registrations_that_arrive_together_share_a_transaction(service):
    """All get their own ids, in batches that are bounded."""
    watched = Watched(service)
    answers = register_together(Registrar(watched), make_calls(MAX_BATCH + 5))
    assert [answer.id for answer in answers] == list(range(1, MAX_BATCH + 6))
    assert watched.batches == [MAX_BATCH, 5]


def test_each_has_its_own_refusal(service):
    """An invalid schema among others is refused alone."""
    calls = [*make_calls(2), make_call("bad", "{")]
    first, second, bad = register_together(Registrar(Watched(service)), calls)
    assert (first.id, second.id) == (1, 2)
    assert isinstance(bad, InvalidSchemaError)


def test_one_that_the_store_cannot_take_does_not_fail_the_others(service):
    """When a batch fails as a whole, each of it is tried alone."""
    watched = Watched(service)
    text = make_record({"name": "x", "type": "int"})
    calls = [*make_calls(2), make_call("poison", text)]
    first, second, poisoned = register_together(Registrar(watched), calls)
    assert (first.id, second.id) == (1, 2)
    assert isinstance(poisoned, StoreError)
    assert watched.batches == [3, 1, 1, 1]


def test_a_client_that_has_gone_stops_nobody(service):
    """A cancelled request leaves its batch and the next one working."""

    async def run():
        registrar = Registrar(service)
        first, second = (asyncio.ensure_future(registrar.register(c)) for c in make_calls(2))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        later = await registrar.register(make_calls(3)[2])
        return (await second).subject, later.subject

    assert asyncio.run(run()) == (Subject("s1"), Subject("s2"))
