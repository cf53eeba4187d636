"""The only door to confluent-kafka.

`port` says what the relay asks of a broker, `client` makes it from settings, `memory` is the same
for tests, `errors` turns what goes wrong into what happens next, `layout` names the topics.
"""
