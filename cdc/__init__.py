"""Moves rows: MySQL's change stream in, governed and anonymized topics out.

The tree follows one record: `source` and `connect` bring the change into Kafka, `kafka` hands it
over in batches, `stream` decodes, normalizes, anonymizes and encodes, `relay` binds the steps into
one Kafka transaction, `verify` compares the result with MySQL.
"""

__version__ = "0.1.0"
