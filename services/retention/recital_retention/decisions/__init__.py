"""Pure verdicts of retention: facts and the moment in, a verdict with reasons out. One file per question."""
