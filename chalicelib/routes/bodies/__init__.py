"""What callers may send, a module a noun: strict models, unknown members refused.

They need pydantic, which a cold function that reads no body does not load: routes import them for the type checker
alone, and name the module to `Routes`, which imports it when the first body comes.
"""
