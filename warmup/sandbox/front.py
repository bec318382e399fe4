"""The sandbox's front page: where the console and the documentation are, and how to get a first key."""

from html import escape

from warmup.sandbox.answers import Answer, HttpRequest, document

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>warmup sandbox</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }}
pre {{ padding: .75rem 1rem; overflow-x: auto; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  border-radius: 6px; }}
code {{ white-space: nowrap; }}
</style>
</head>
<body>
<main>
<h1>warmup sandbox</h1>
<p>The whole service, running on this machine. Everything here is gone when it stops.</p>
<ul>
<li><a href="/console">Console</a>: what is due, who works, what needs an operator</li>
<li><a href="/docs">API documentation</a>, to read and to try; the same as <a href="/openapi.json">OpenAPI</a></li>
</ul>
<h2>Your first key</h2>
<p>The console and the commands need the operator key: the one given with <code>--operator-key</code>, or the one
that the terminal printed. With it, make a key for a bot:</p>
<pre>export WARMUP_URL={url}
export WARMUP_OPERATOR_KEY=…
export WARMUP_KEY=$(warmup bots create my-bot)</pre>
<p>A first request with it:</p>
<pre>curl -H "Authorization: Bearer $WARMUP_KEY" \\
  {url}/api/bot/accounts/ready</pre>
</main>
</body>
</html>
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def front(request: HttpRequest, url: str) -> Answer | None:
    """Answer `GET /`, as a page for a browser and as JSON for everybody else; None for any other request."""
    if request.path != "/" or request.method not in ("GET", "HEAD"):
        return None
    accepted = next((value for name, value in request.headers if name == "accept"), "")
    if "text/html" not in accepted.lower():
        paths = {"console": "/console", "docs": "/docs", "openapi": "/openapi.json", "health": "/api/health"}
        links: dict[str, object] = {name: url + path for name, path in paths.items()}
        answered = document({**links, "first_key": "WARMUP_OPERATOR_KEY=… warmup bots create my-bot"})
    else:
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", _POLICY)]
        answered = Answer(200, headers, _PAGE.format(url=escape(url)).encode())
    return answered.having("Vary", "Accept")
