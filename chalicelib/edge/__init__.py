"""The edge: one way in and out for every route.

answers.py     what a view answers, and how it is encoded
problems.py    errors as problem documents (RFC 9457), and the one table from error to status
requests.py    what is read of a request: headers, query, media type, strict JSON
endpoints.py   a route as it was declared: its query parameters, its body, its answer
serve.py       one request, from authentication to the log line
routing.py     declaring routes, and binding them to Chalice
"""
