"""The port without a broker: logs, groups and transactions in this process, for fast tests.

Held to the same suite as the real one, its surprises included: offsets have gaps (transaction
markers and aborted records take some), a transaction left open holds back everything behind it, a
member or sink of the same name fences the older one.
"""

from cdc.kafka.memory.broker import MemoryBroker
from cdc.kafka.memory.sink import MemorySink
from cdc.kafka.memory.source import MemorySource
from cdc.kafka.memory.views import MemoryAppender, MemoryReader, MemoryTopics

__all__ = [
    "MemoryAppender",
    "MemoryBroker",
    "MemoryReader",
    "MemorySink",
    "MemorySource",
    "MemoryTopics",
]
