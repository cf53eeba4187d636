"""Governs shapes: Avro schemas, their versions, their compatibility and where they come from.

Knows nothing of Kafka Connect, topics or `cdc`; `cdc` comes in through `registry.client` and the
pure rooms (`registry.avro`, `registry.derive`, `registry.compatibility`).
"""
