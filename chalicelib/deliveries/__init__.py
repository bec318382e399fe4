"""A phase gets its items from the model's pools, and its worker gets them, in one transaction."""

from chalicelib.deliveries.choosing import Contest
from chalicelib.deliveries.delivering import Delivery, hand_out

__all__ = ["Contest", "Delivery", "hand_out"]
