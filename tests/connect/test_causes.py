import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.connect.causes import first_cause

WRAPPED = """\
org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:74)
Caused by: io.debezium.DebeziumException: wrapped
\t... 7 more
Caused by: java.sql.SQLException: Access denied for user 'debezium'@'localhost'
\tat com.mysql.cj.jdbc.Whatever(Whatever.java:1)
"""
UNKNOWN_TABLE = (
    "a.b.Outer: outer\n"
    "Caused by: io.debezium.DebeziumException: Encountered change event for table shop.users"
    " whose schema isn't known to this connector"
)


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        (WRAPPED, "SQLException: MySQL refuses the user or the password"),
        (
            UNKNOWN_TABLE,
            "DebeziumException: table shop.users: the schema history does not know this table",
        ),
        ("java.lang.NullPointerException\n\tat a.B.c(B.java:1)", "NullPointerException"),
        ("a.b.Outer: outer\nCaused by: a.b.Inner\n\tat x", "Inner"),
        ("a.b.Bad: Duplicate entry 'x@y.z' for key", "Bad"),
        (
            "a.b.Bad: Failed for column `price` of table `shop`.`x`: 7",
            "Bad: table shop, column price",
        ),
        ("nonsense", "no reason given"),
        ("", "no reason given"),
    ],
)
def test_first_cause(trace: str, cause: str) -> None:
    """The innermost cause: class, table, column, and the reason where it is a known one."""
    assert first_cause(trace) == cause


@given(st.from_regex(r"secret[a-z0-9@.]{3,20}", fullmatch=True))
def test_no_value_of_a_message_is_told(value: str) -> None:
    """Quoted or not, what a message holds beside table and column names stays out."""
    for shape in ("Failed to convert '{}'", "Bad value {} here", "{}", "Access denied for {}"):
        assert value not in first_cause(f"a.b.Bad: {shape.format(value)}")
