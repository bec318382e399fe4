"""A warm-up is loaded, and what was decided about it is stored in one transaction with its audit event.

Services load, ask `domain.warmup` for a Step, and store it. The items that were read are kept under the frozen view, so
that what is written is what differs.
"""

from chalicelib.warmups.changed import Changed
from chalicelib.warmups.loading import Loaded, caller, load, load_several, load_whole, new_lease, view
from chalicelib.warmups.purposes import TAKING, Purpose
from chalicelib.warmups.storing import MODELS, create, keep_phases, new, store, store_expiry, store_extension
from chalicelib.warmups.superseded import refuse_superseded

__all__ = [
    "MODELS",
    "TAKING",
    "Changed",
    "Loaded",
    "Purpose",
    "caller",
    "create",
    "keep_phases",
    "load",
    "load_several",
    "load_whole",
    "new",
    "new_lease",
    "refuse_superseded",
    "store",
    "store_expiry",
    "store_extension",
    "view",
]
