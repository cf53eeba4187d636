"""The leak proof: rows known to the byte, and a search for them wherever anybody may read.

Enters: settings. Leaves: a `Proof`, which names places and never a value. `draw` and `tables` make
rows of unique markers, `encodings` says what bytes a marker may have become, `ground` is a stack of
its own, `play` does to it all that can happen to a row, `surfaces` hands out every byte that
leaves, `scan` searches. `live` seeks the real values of a running stack in place of markers.
"""
