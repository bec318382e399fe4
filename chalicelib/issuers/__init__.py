"""The issuer whose signed tokens are taken in place of keys: its documents, fetched and kept, and what they verify.

Nothing here is imported before the first token comes: a request with a key does not pay for it.
"""
