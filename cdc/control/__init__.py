"""The control topics: what is recorded (`_cdc.state`) and what is reported (`_cdc.status`).

Codecs only: the relay writes the records inside its transactions, readers hand them in as they
come from `cdc.kafka`. Everything is JSON with text keys, so that any Kafka tool shows it.
"""
