"""The life of an account, as pure functions over frozen views of what was read.

state.py      a warm-up and its phases as they stand, and what a decision makes of them: a Step
effects.py    what is written beside the warm-up
draft.py      a warm-up between two states, while a decision is being worked out
due.py        transitions that are due
leases.py     claim, release, revoke
delivery.py   a phase is given its content
work.py       start, complete, report, finish
operate.py    what operators do to an account and its phases
simulation.py warm-ups stepped without a store

Each function takes the warm-up as it was read and the instant of the call, and returns a Step or raises a domain
error. None reads anything, or makes an id of its own. A forecast calls the same functions.
"""
