"""The record path: decode → normalize → anonymize → encode, pure functions over a batch.

Reaches no network, clock, log, metric or database; keys and schema ids come in as arguments.
"""
