"""What the service answers, a module a noun: documents, from which views and OpenAPI are made alike.

What a service or a rule returns is answered as it is, where that is the answer. A document shows the rest: `from_item`
writes out every member of one that shows an item of a table. An instant is a `datetime` here and RFC 3339 text on the
wire; a member that is not always there may be `Absent`. A document that holds more than another one inherits its
members, the ones to come last from the first base, and is made with `**vars(other)`.
"""
