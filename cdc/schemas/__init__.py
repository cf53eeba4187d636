"""Hand-written schemas in CI: may they follow what is registered, what was committed?

Schema files and a place to compare with come in (a registry, a folder, a git revision), a report
of findings leaves; the same engine judges in all three.
"""

from cdc.schemas.candidates import Candidate, find_candidates, read_candidate
from cdc.schemas.explaining import Explained, explain_files
from cdc.schemas.histories import Histories, RegistryHistories, open_histories
from cdc.schemas.judging import check_candidates
from cdc.schemas.locking import Locker, report_lock, write_lock
from cdc.schemas.registering import register_candidates

__all__ = [
    "Candidate",
    "Explained",
    "Histories",
    "Locker",
    "RegistryHistories",
    "check_candidates",
    "explain_files",
    "find_candidates",
    "open_histories",
    "read_candidate",
    "register_candidates",
    "report_lock",
    "write_lock",
]
