"""What `cdc serve` answers: health, readiness, metrics and a read-only look at the whole.

Enters: what the composition root has built, in the shape of `AdminParts`. Leaves: one ASGI
application, with the schema registry behind every path that is not ours. No answer carries a row's
value, a connector's configuration or a secret.
"""
