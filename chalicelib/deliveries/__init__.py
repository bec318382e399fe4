"""A phase gets its items from the model's pools, and its worker gets them, in one transaction."""

from chalicelib.deliveries.choosing import Contest
from chalicelib.deliveries.delivering import DeliveredItems, hand_out, take_next

__all__ = ["Contest", "DeliveredItems", "hand_out", "take_next"]
