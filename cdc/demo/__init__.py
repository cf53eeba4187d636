"""`make demo`: everything from one command, before the reader's eyes.

`stage` is what a reader sees, `watch` reads both ends of a change, `play` is the sequence of steps.
The steps run the same `cdc …` commands that a person would type, and say so.
"""
