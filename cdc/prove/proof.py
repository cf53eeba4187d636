"""The two proofs: on a ground of one's own, and on what is running."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from cdc.app import newest_majors, open_database, plan_tables
from cdc.config import Settings
from cdc.kafka.client import KafkaAccess
from cdc.prove.cells import check_cells
from cdc.prove.ground import Ground, Runner, open_ground, remove_ground
from cdc.prove.judging import Search, search_surfaces
from cdc.prove.live import collect_hidden
from cdc.prove.markers import Ledger
from cdc.prove.play import Played, play
from cdc.prove.report import Proof, count_planted
from cdc.prove.scan import Piece
from cdc.prove.standing import Standing, find_surfaces
from cdc.prove.surfaces import Surface
from cdc.stack.report import Report


def prove_on_ground(settings: Settings, report: Report) -> Proof:
    """Plant, play and search on a stack of its own; its data goes where the proof holds.

    Raises:
        HeadworksError: the ground could not be used, or an operation did not happen.
    """
    begin = time.monotonic()
    with open_ground(settings) as ground:
        played = play(ground, report, random.SystemRandom())
        standing, search = search_ground(ground, played, report)
    proof = Proof(
        "proving ground",
        count_planted(played.ledger),
        played.operations,
        played.letters,
        tuple(search.looked),
        tuple(search.leaks),
        search.unseen(played.ledger),
        standing.unasked,
        standing.restricted,
        (),
        time.monotonic() - begin,
    )
    if proof.ok:
        remove_ground(ground)
    return proof


def search_ground(ground: Ground, played: Played, report: Report) -> tuple[Standing, Search]:
    """Search a ground that has been played on."""
    standing = find_surfaces(ground.settings, ground.runner)
    said = _said_surface(played.said)
    return standing, _search((*standing.surfaces, said), played.ledger, report)


def prove_live(settings: Settings, runner: Runner, report: Report) -> Proof:
    """Plant nothing; search the running stack for the values that its policies hold back.

    Where a policy says `k`, its cells are counted too.

    Raises:
        ConfigError: a policy names a table that is not there.
        Unreachable: something of the stack does not answer.
    """
    begin = time.monotonic()
    majors = newest_majors(KafkaAccess.of(settings).reader())
    with closing(open_database(settings)) as database:
        plans = plan_tables(settings, database, (), majors)
        ledger = collect_hidden(plans, database, lambda table: report.say("read", table))
    standing = find_surfaces(settings, runner)
    search = _search(standing.surfaces, ledger, report)
    return Proof(
        "running stack",
        count_planted(ledger),
        (),
        {},
        tuple(search.looked),
        tuple(search.leaks),
        (),
        standing.unasked,
        standing.restricted,
        (check_cells(settings),),
        time.monotonic() - begin,
    )


def _said_surface(said: Mapping[str, bytes]) -> Surface:
    """What commands printed while things went wrong."""

    def read() -> Iterator[Piece]:
        return (Piece(command, text) for command, text in said.items())

    return Surface("commands while it failed", read)


def _search(surfaces: Sequence[Surface], ledger: Ledger, report: Report) -> Search:
    with report.track("scan", f"{len(surfaces)} surfaces", len(surfaces)) as advance:

        def tick(surface: Surface, number: int) -> None:
            report.say("scan", f"{surface.name} ({number + 1} of {len(surfaces)})")
            advance(1)

        return search_surfaces(surfaces, ledger, tick)
