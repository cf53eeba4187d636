"""The local stack: a real MySQL, Kafka and Kafka Connect with Debezium on this machine, no Docker.

Enters: settings. Leaves: running processes that answer on loopback, recorded in the state folder so
that only they are ever ended. Downloads lie in the cache, which all stacks of a user share.
"""
