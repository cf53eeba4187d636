"""Keeps schemas, versions, levels and modes: one port, one implementation over SQL."""
