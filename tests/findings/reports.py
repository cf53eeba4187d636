"""Reports that several tests render."""

from cdc.findings import Check, Finding, Location, Report, Severity

HOSTILE = "100%\r\n:: , \x00\x1b]]> <&\"' Ärger"

BROKEN = Finding(
    code="type-widened",
    title="column shop.users.age: type widened, nullable int -> nullable long",
    message="a reader with the old schema takes nullable int, new records hold nullable long\n"
    "and a second reason",
    remedy="keep nullable int until all readers know nullable long",
    location=Location("schemas/mysql.shop.users-value.avsc", 12, 3),
    subject="mysql.shop.users-value",
    versions=(3, 1),
    details={"levels broken": ["FORWARD", "FULL"], "path": "before.age"},
)
WARNED = Finding("lacks-modes", "not as in Confluent", severity=Severity.WARNING)
NOTED = Finding("noted", HOSTILE, HOSTILE, HOSTILE, Severity.NOTE, Location("a, b:c.avsc", 1))
REPORT = Report(
    "cdc schemas check",
    (
        Check("mysql.shop.users-value", (BROKEN, NOTED), "FULL, 2 versions compared"),
        Check("orders-value", (WARNED,)),
        Check("new-value", (), "not there yet"),
    ),
)
FINE = Report("cdc schemas check", (Check("new-value"),))
EMPTY = Report("cdc schemas check", ())
