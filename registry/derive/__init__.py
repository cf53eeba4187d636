"""What shape a table has, and what Avro schema follows from it.

Several sources (Debezium's own schemas, `information_schema`) give one `Table`; `types` says what
each MySQL type becomes; `record` writes the governed Avro schema.
"""
