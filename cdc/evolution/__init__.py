"""How a table's governed schemas may change: registered, locked, or under a new major.

Enters: a `Plan` and what is known of its topic. Leaves: registered ids, or `TableStopped` with the
column that is to blame. `meaning` and `conversion` are pure; `lock` reads files; `subjects` talks
to the registry.
"""
