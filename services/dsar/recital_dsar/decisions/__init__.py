"""Pure verdicts of dsar: deadlines, states, items, codes, what blocks a request and when it needs attention."""
