"""What the service answers, a module a noun: frozen dataclasses, from which views and OpenAPI are made alike.

An instant is a `datetime` here and RFC 3339 text on the wire. `from_item` writes out every member of an answer that
shows an item of a table; a member that is not always there is `Absent` where it is not. Answers have no `__slots__`:
the encoder takes their members from `__dict__`, without a call for each. An answer that holds more than another one
inherits its members, and is made with `**vars(other)`.
"""
