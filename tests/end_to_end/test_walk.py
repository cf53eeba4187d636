"""The walk of a row on the real stack: every kind of change, seen by a consumer."""

import numpy as np
import pytest

from cdc.app import build_verifier, plan_tables
from tests.conftest import PRODUCTS as MENU
from tests.conftest import USERS as ROWS
from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import PRODUCTS, USERS, Change, Governance
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

PERSON = (
    "INSERT INTO users (id, first_name, last_name, email, residence, lat, lon) VALUES"
    " ({id}, 'Zeenat', 'Quadros', 'Zeenat.Quadros@example.com',"
    " '9, Bull Temple Road, Mysuru', 12.30000000, 76.60000000)"
)


def _changes(governance: Governance, count: int, topic: str = USERS) -> list[Change]:
    """The next `count` records; more would be a change that was doubled."""
    found: list[Change] = []

    def enough() -> bool:
        found.extend(governance.read(topic))
        return len(found) >= count

    wait_until(enough, 30, f"{count} governed records")
    assert len(found) == count
    return found


@pytest.fixture
def governance(governed: Governed) -> Governance:
    """Reads from now on."""
    made = Governance(governed)
    made.read(USERS)
    made.read(PRODUCTS)
    return made


def test_snapshot_is_complete_and_equal(governed):
    """Every seeded row is in its governed topic, once, and equals MySQL under the policy."""
    governance = Governance(governed)
    users = [r.key["id"] for r in governance.read(USERS) if r.value and r.value["__op"] == "r"]
    products = [r for r in governance.read(PRODUCTS) if r.value and r.value["__op"] == "r"]
    assert len(users) == len(set(users)) == ROWS
    assert len(products) == MENU
    assert governed.is_equal()


def test_insert_update_delete(governed, governance):
    """One record for each change, in order, under one key; the delete is a tombstone."""
    governed.execute(
        PERSON.format(id=900_001),
        "UPDATE users SET email = 'ZEENAT.QUADROS@EXAMPLE.COM' WHERE id = 900001",
        "DELETE FROM users WHERE id = 900001",
    )
    created, updated, deleted = _changes(governance, 3)
    assert [r.value and r.value["__op"] for r in (created, updated, deleted)] == ["c", "u", None]
    assert created.key == updated.key == deleted.key
    assert created.partition == updated.partition == deleted.partition
    assert created.value["email"] == updated.value["email"]
    assert created.value["city"] == "Mysore"
    assert created.value["id"] == created.key["id"]
    assert updated.value["__version"] > created.value["__version"]


def test_key_change_is_a_tombstone_and_a_record(governed, governance):
    """The old key vanishes, the new one appears; nothing else."""
    governed.execute(
        PERSON.format(id=900_002),
        "UPDATE users SET id = 900003 WHERE id = 900002",
        "DELETE FROM users WHERE id = 900003",
    )
    records = _changes(governance, 4)
    by_key: dict[str, list[str | None]] = {}
    for record in records:
        by_key.setdefault(record.key["id"], []).append(record.value and record.value["__op"])
    assert sorted(by_key.values(), key=str) == [["c", None], ["c", None]]


def test_transaction_of_many_rows(governed, governance):
    """All rows of one big statement arrive, each once."""
    values = ", ".join(f"({910_000 + n}, 'Bulk')" for n in range(300))
    governed.execute(
        f"INSERT INTO users (id, first_name) VALUES {values}",
        "DELETE FROM users WHERE id >= 910000",
    )
    records = _changes(governance, 600)
    assert len({record.key["id"] for record in records}) == 300


def test_truncate_empties_the_governed_topic(governed):
    """TRUNCATE leaves no live key; rows inserted behind it are there."""
    governed.execute(
        "TRUNCATE TABLE products",
        "INSERT INTO products (id, name, price) VALUES (1, 'Only Pizza ✓', 335.1)",
    )
    wait_until(lambda: governed.is_equal("pizzashop.products"), 60, "products equal MySQL")
    alive: dict[str, dict | None] = {}
    for record in Governance(governed).read(PRODUCTS):
        alive[str(record.key)] = record.value
    live = [value for value in alive.values() if value]
    assert [(row["name"], row["price"]) for row in live] == [("Only Pizza ✓", 335.1)]


def test_versions_of_blinded_keys_do_not_tell_the_order(governed):
    """The snapshot reads in id order; `__version` correlates with nothing."""
    first: dict[str, int] = {}
    for record in Governance(governed).read(USERS):
        if record.value and record.value["__op"] == "r":
            first.setdefault(record.key["id"], record.value["__version"])
    order = _tokens_in_id_order(governed)
    versions = np.array([first[token] for token in order if token in first])
    assert len(versions) > ROWS * 0.9
    correlation = np.corrcoef(versions.argsort().argsort(), np.arange(len(versions)))[0, 1]
    assert abs(correlation) < 0.15  # 500 keys: 0.1 is what 10,000 give with room to spare


def _tokens_in_id_order(stack: Governed) -> list[str]:
    database = build_verifier(stack.settings).database
    (plan,) = plan_tables(stack.settings, database, ["pizzashop.users"], {})
    rule = next(column for column in plan.columns if column.source == "id").rule
    ids = sorted(row[0] for row in database.read_rows(plan.table, ["id"]))
    return [rule.plain(number) for number in ids]


def test_new_column_flows_once_the_policy_allows_it(governed, governance, policy):
    """An ALTER while events flow: withheld and said so; allowed by an edit, without a restart."""
    governed.execute(
        "ALTER TABLE users ADD COLUMN loyalty_tier VARCHAR(20)",
        PERSON.format(id=900_004),
        "UPDATE users SET loyalty_tier = 'gold' WHERE id = 900004",
    )
    withheld = _changes(governance, 2)[-1]
    assert "loyalty_tier" not in withheld.value
    wait_until(lambda: "loyalty_tier" in governed.run("relay", "status").stdout, 30, "withheld")
    assert "withheld, for want of a rule: loyalty_tier" in governed.run("verify").stdout

    before = policy.read_text()
    policy.write_text(before + "  loyalty_tier: {class: public, rule: keep}\n")
    seen: list[Change] = []

    def flows() -> bool:
        tier = f"gold{len(seen)}"
        governed.execute(f"UPDATE users SET loyalty_tier = '{tier}' WHERE id = 900004")
        wait_until(lambda: seen.extend(new := governance.read()) or new, 30, "the next record")
        return "loyalty_tier" in (seen[-1].value or {})

    wait_until(flows, 30, "the new column")
    assert governed.is_equal("pizzashop.users")
    policy.write_text(before)
    governed.execute(
        "ALTER TABLE users DROP COLUMN loyalty_tier", "DELETE FROM users WHERE id = 900004"
    )
    wait_until(lambda: governed.is_equal("pizzashop.users"), 60, "users equal MySQL")


def test_bad_policy_edit_is_refused_and_the_old_one_holds(governed, governance, policy):
    """A mistake in a policy shows in the log with its line; rows go on under the policy before."""
    policy.write_text(policy.read_text().replace("rule: drop", "rule: kep"))
    log = governed.settings.stack_dir / "logs" / "relay.log"
    wait_until(lambda: "policy_refused" in log.read_text(), 30, "the refusal in the log")
    governed.execute(PERSON.format(id=900_005), "DELETE FROM users WHERE id = 900005")
    created, _ = _changes(governance, 2)
    assert "first_name" not in created.value
