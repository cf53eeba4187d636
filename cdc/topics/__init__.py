"""What is in the topics, for a person: listed with sizes, read with values decoded.

This shows what a topic holds, raw topics' personal data included.
"""

from cdc.topics.decoding import RecordDecoder, to_json
from cdc.topics.listing import TopicRow, check_topic, kind_of, list_topics
from cdc.topics.retiring import Retirement, Retirer
from cdc.topics.tail import Tail, TailRequest

__all__ = [
    "RecordDecoder",
    "Retirement",
    "Retirer",
    "Tail",
    "TailRequest",
    "TopicRow",
    "check_topic",
    "kind_of",
    "list_topics",
    "to_json",
]
