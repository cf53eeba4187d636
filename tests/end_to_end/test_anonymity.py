"""`cdc policies k` on the seeded stack, against what MySQL itself counts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdc.errors import ExitCode
from tests.conftest import REPOSITORY
from tests.end_to_end.conftest import Governed
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

TABLE = "pizzashop.users"
BOOK_K = 5
SHIFT = "{class: personal, rule: date_shift, subject: last_name, key: pii, type: family, days: 90}"


def _sizes(stack: Governed, cell: str) -> dict[int, int]:
    """How many cells of each size MySQL counts on a grid."""
    with stack.mysql() as connection, connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM users GROUP BY FLOOR(lat / {cell}), FLOOR(lon / {cell})"
        )
        return dict(sorted(Counter(int(row[0]) for row in cursor.fetchall()).items()))


def _count(stack: Governed, **env: str) -> tuple[int, dict[str, Any]]:
    """Exit code and what `cdc policies k` says of the users."""
    asked = ("policies", "k", TABLE, "--k", str(BOOK_K), "--output", "json")
    done = stack.run(*asked, check=False, **env)
    (shown,) = json.loads(done.stdout)["topics"]
    return done.returncode, shown


def _shown_sizes(shown: dict[str, Any]) -> dict[int, int]:
    return {it["size"]: it["cells"] for it in shown["sizes"]}


def test_the_committed_grid_is_counted_as_mysql_counts_it(governed: Governed) -> None:
    """Cells of 0.05 degrees: every size and the verdict; exit 1 exactly when rows are below k."""
    wait_until(lambda: governed.is_equal(TABLE), 60, "users equal MySQL")
    expected = _sizes(governed, "0.05")
    code, shown = _count(governed)
    assert _shown_sizes(shown) == expected
    below = sum(size * cells for size, cells in expected.items() if size < BOOK_K)
    assert (shown["rows_below"], shown["ok"]) == (below, not below)
    assert code == (ExitCode.FINDINGS if below else ExitCode.FINE)


@pytest.fixture
def fine(governed: Governed, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A second relay, in a namespace of its own: a grid of three decimals, and dates shifted."""
    policies = tmp_path / "policies"
    shutil.copytree(governed.settings.policies.dir, policies)
    path = policies / f"{TABLE}.yaml"
    text = path.read_text().replace("cell: 0.05", "cell: 0.001")
    for column in ("created_at", "updated_at"):
        text = text.replace(f"{column}: {{class: public, rule: keep}}", f"{column}: {SHIFT}")
    assert text.count(SHIFT) == 2
    path.write_text(text)
    env = {
        "CDC_POLICIES__DIR": str(policies),
        "CDC_RELAY__NAMESPACE": "fine",
        "CDC_RELAY__GROUP": "fine",
        "CDC_RELAY__PREFIXES": '["mysql"]',
    }
    with (tmp_path / "relay.log").open("w") as log:
        relay = subprocess.Popen(
            [sys.executable, "-m", "cdc", "relay", "run", "--instance", "1"],
            cwd=REPOSITORY,
            env={**os.environ, **governed.live.env, **env},
            stderr=log,
        )
        try:
            yield env
        finally:
            relay.terminate()
            relay.wait(30)


def test_at_three_decimals_every_user_is_in_a_cell_below_5(
    governed: Governed, fine: dict[str, str]
) -> None:
    """The coordinates of the book: no row reaches k, and the command says what would help."""
    expected = _sizes(governed, "0.001")
    rows = sum(size * cells for size, cells in expected.items())
    wait_until(lambda: _count(governed, **fine)[1]["rows"] == rows, 60, "the fine grid's rows")
    code, shown = _count(governed, **fine)
    assert code == ExitCode.FINDINGS
    assert _shown_sizes(shown) == expected
    # Rows without any place share one NULL cell: 2 % of 2 % of them.
    placed = rows - sum(size * cells for size, cells in expected.items() if size >= BOOK_K)
    assert shown["rows_below"] == placed
    assert placed > rows * 0.95
    assert any(level["changes"].get("lat") == "cell 0.05" for level in shown["levels"])
    # The shifted dates go by a name that does not leave: MySQL's rows say what they must be.
    assert governed.run("verify", TABLE, check=False, **fine).returncode == ExitCode.FINE


def test_the_service_counts_what_policies_say(governed: Governed, policy: Path) -> None:
    """With `k` in a policy, `cdc serve` shows the last count in REST, metrics and its log."""
    policy.write_text(policy.read_text() + f"k: {BOOK_K}\n")
    address = governed.settings.registry_url
    governed.run("stack", "down", "serve")
    governed.run("stack", "up", "serve", CDC_SERVE__K_EVERY_S="1")
    try:
        wait_until(lambda: _ask(f"{address}/api/v1/policies/k")["topics"], 30, "the first count")
        (shown,) = _ask(f"{address}/api/v1/policies/k")["topics"]
        _, counted = _count(governed)
        assert {**shown, "at_ms": 0} == {name: counted[name] for name in shown} | {"at_ms": 0}
        with urllib.request.urlopen(f"{address}/metrics", timeout=20) as answer:  # noqa: S310
            metrics = answer.read().decode()
        topic = shown["topic"]
        assert f'cdc_anonymity_smallest_cell{{topic="{topic}"}} {shown["smallest"]:.1f}' in metrics
    finally:
        governed.run("stack", "down", "serve")
        governed.run("stack", "up", "serve")


def _ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 (the stack's own)
        return json.load(answer)
