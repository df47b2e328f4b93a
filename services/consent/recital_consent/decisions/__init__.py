"""The rulebook: pure verdicts with reasons, one file per question. Facts and `now` in, a value out; no clock, no I/O.

What may be kept is a function of the set of a timeline's entries: every file here asks only when things happened,
never in which order they were told.
"""
