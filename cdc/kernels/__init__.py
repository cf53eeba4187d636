"""Machine code for the record path: numba kernels over slices of one buffer.

The modules `parse`, `encode`, `numbers`, `mac` and `text` hold kernels and import numba; nothing
but `cdc.kernels.columns` and the record path imports them, and only once events flow. Whatever a
kernel is not sure of it leaves to the slow path, which is also its oracle.
"""
