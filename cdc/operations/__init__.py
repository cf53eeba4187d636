"""What an operator asks of running relays: letters listed and shown, commands given and awaited.

Reads the dead letter topic and `_cdc.state`; writes nothing but commands.
"""

from cdc.operations.letters import LetterRow, Letters, Selection, summarize
from cdc.operations.orders import Answer, Orders
from cdc.operations.retention import TimeLeft, find_time_left
from cdc.operations.reveal import reveal

__all__ = [
    "Answer",
    "LetterRow",
    "Letters",
    "Orders",
    "Selection",
    "TimeLeft",
    "find_time_left",
    "reveal",
    "summarize",
]
