"""The control topics: `_cdc.state` (recorded), `_cdc.commands` (asked), `_cdc.status` (reported).

Codecs only: the relay writes the records inside its transactions, readers hand them in as they
come from `cdc.kafka`. Everything is JSON with text keys, so that any Kafka tool shows it.
"""
