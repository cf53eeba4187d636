"""Kafka Connect: connector files as desired state, put in place through its REST interface.

Enters: an address, connector files and the values for their `{{NAME}}`s. Leaves: running connectors
or one line that says what is wrong. Knows nothing of settings.
"""
