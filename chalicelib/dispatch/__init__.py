"""Finding the accounts that can be worked on: what is due, whose turn it is, and when to ask again.

Where little is due, the common queue shows all of it. Behind a backlog the directory names the steps of models that
have work, and each of them is read by itself: what a caller does not want is not passed by, but not read.
"""

from chalicelib.dispatch.lines import Proposal
from chalicelib.dispatch.search import Search, place_name

__all__ = ["Proposal", "Search", "place_name"]
