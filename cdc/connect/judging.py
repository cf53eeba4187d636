"""Asking the connector class about configurations before Connect is given them.

Connect asks it too, but its answer to a Debezium configuration with a mistake is error 500 and a
NullPointerException, whatever the mistake was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from cdc.connect.client import ConnectClient, Verdict
from cdc.connect.desired import DesiredConnector
from cdc.connect.plan import ConnectorPlan, hide_values
from cdc.connect.secrets import REFERENCE, is_written_out
from cdc.errors import ConfigError, Unreachable

REASON_LENGTH = 300
# How Debezium begins when the database does not answer or refuses the login.
NO_LOGIN = "Unable to connect"
AT_ONCE = 8
NOTHING = Verdict((), frozenset())


def judge_plans(client: ConnectClient, plans: Sequence[ConnectorPlan]) -> list[ConnectorPlan]:
    """The same plans, their secrets hidden, once their classes have accepted what would change.

    Raises:
        ConfigError: a configuration is refused; the message lists all that are.
        Unreachable: Connect does not answer, or a class could not log in to the database.
    """
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        verdicts = list(pool.map(lambda plan: _judge(client, plan), plans))
    refused = [
        text
        for plan, verdict in zip(plans, verdicts, strict=True)
        if (text := _refusal(plan, verdict))
    ]
    if refused:
        logins = any(
            message.startswith(NO_LOGIN) for verdict in verdicts for _, message in verdict.mistakes
        )
        raise (Unreachable if logins else ConfigError)("; ".join(refused))
    return [
        hide_values(plan, verdict.passwords) for plan, verdict in zip(plans, verdicts, strict=True)
    ]


def _judge(client: ConnectClient, plan: ConnectorPlan) -> Verdict:
    if plan.wanted is None or not plan.changes:
        return NOTHING
    try:
        return client.validate({**plan.wanted.config, "name": plan.name})
    except ConfigError as error:
        return Verdict(
            (("", f"{error.message} ({error.hint})" if error.hint else error.message),), frozenset()
        )


def _refusal(plan: ConnectorPlan, verdict: Verdict) -> str:
    wanted = plan.wanted
    if wanted is None:
        return ""
    said = "; ".join(": ".join(filter(None, one)) for one in _mistakes(wanted, verdict))
    if not said:
        return ""
    return f"{wanted.file}: connector {plan.name} is refused: {said[:REASON_LENGTH]}"


def _mistakes(wanted: DesiredConnector, verdict: Verdict) -> Iterator[tuple[str, str]]:
    for key in sorted(verdict.passwords & set(wanted.config)):
        if is_written_out(key, wanted.config[key], verdict.passwords):
            yield key, "is a password written out; name it as ${file:PATH:KEY} or ${env:NAME}"
    for key, message in verdict.mistakes:
        quotes = REFERENCE.search(wanted.config.get(key, "")) and not message.startswith(NO_LOGIN)
        yield key, "its secret is not accepted" if quotes else " ".join(message.split())
