"""Tables whose rows are only added: no key, and no place for a change of what is there.

A reader of such a topic counts its records. An update or a delete would be one more, so it becomes
a dead letter. A TRUNCATE is let pass: what was added has been added.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cdc.errors import PolicyError
from cdc.event import ChangeBatch, Op, OutBatch, RawBatch

ADDITIONS = np.array([ord(Op.READ), ord(Op.CREATE)], np.uint8)


def refuse_changes(batch: ChangeBatch) -> ChangeBatch:
    """The batch with every event failed that is no new row."""
    changes = np.flatnonzero(~np.isin(batch.op, ADDITIONS)).tolist()
    refused = {place: _refusal(chr(batch.op[place])) for place in changes}
    return replace(batch, failed={**refused, **batch.failed})


def _refusal(op: str) -> PolicyError:
    return PolicyError("not_append_only", f"`{op}` in a table that the policy calls append-only")


def take_keys(out: OutBatch, batch: RawBatch) -> OutBatch:
    """Records without keys; the raw offset alone says to which partition each goes."""
    rejects = [replace(reject, key=None) for reject in out.rejects]
    hashes = batch.offsets[out.index]
    return replace(out, keys=[None] * len(out.keys), hashes=hashes, rejects=rejects)
