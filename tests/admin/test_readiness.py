import threading
from typing import Any

import anyio
import pytest

from cdc.admin.readiness import find_readiness
from cdc.errors import Unreachable
from tests.admin.fakes import FakeParts, client_of, say, unreachable


def test_ready_shows_each_dependency_with_its_reason() -> None:
    """All up: 200, `ready`, one line of why for each."""
    answer = client_of(FakeParts()).get("/ready")

    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    assert body["checks"]["registry"] == {
        "status": "up",
        "required": True,
        "why": "3 subjects",
        "next_step": "",
    }
    assert list(body["checks"]) == ["registry", "kafka", "connect"]


def test_kafka_down_is_shown_and_the_registry_stays_in_service() -> None:
    """A dependency that is not required makes it `degraded`, still 200."""
    parts = FakeParts(checks={"registry": say("3 subjects"), "kafka": unreachable})

    answer = client_of(parts).get("/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["kafka"] == {
        "status": "down",
        "required": False,
        "why": "Kafka does not answer at 127.0.0.1:19092",
        "next_step": "cdc stack up kafka",
    }


def test_registry_down_is_unready() -> None:
    """Without the registry there is nothing to be ready for: 503."""
    answer = client_of(FakeParts(checks={"registry": unreachable})).get("/ready")

    assert (answer.status_code, answer.json()["status"]) == (503, "unready")


def test_a_broken_check_is_down_by_its_class() -> None:
    """An unforeseen error of a check is a finding and quotes nothing."""

    def fail() -> str:
        raise ValueError("the text stays inside")

    answer = client_of(FakeParts(checks={"registry": say("1"), "kafka": fail})).get("/ready")

    assert answer.json()["checks"]["kafka"]["why"] == "the check failed (ValueError)"


def test_a_silent_dependency_costs_the_deadline_not_the_answer() -> None:
    """A check that hangs is `down` after its deadline, and the others are not held up."""
    release = threading.Event()

    def hang() -> str:
        release.wait(30)
        return "too late"

    async def ask() -> Any:
        try:
            return await find_readiness({"kafka": hang, "registry": say("1")}, deadline_s=0.05)
        finally:
            release.set()

    readiness = anyio.run(ask)

    assert readiness.status == "degraded"
    assert readiness.checks["kafka"].why == "kafka: no answer within 0.05 s"
    assert readiness.checks["registry"].status == "up"


@pytest.mark.parametrize("count", [2, 5])
def test_checks_run_side_by_side(count: int) -> None:
    """All checks are under way at once: they meet at a barrier that holds that many."""
    barrier = threading.Barrier(count, timeout=10)

    def meet() -> str:
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            raise Unreachable("alone") from None
        return "met"

    readiness = anyio.run(find_readiness, {f"check{i}": meet for i in range(count)})

    assert {finding.why for finding in readiness.checks.values()} == {"met"}
