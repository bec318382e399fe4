"""What a cold function loads and makes before it answers: counted, so that it cannot grow unseen."""

import json
import ssl
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from chalicelib import tables
from chalicelib.context import Actor, ActorKind, begin
from chalicelib.sessions import new_session, open_session
from chalicelib.settings import Settings
from chalicelib.tables.base import batch_get
from chalicelib.tables.transaction import Transaction

NOT_DEPLOYED = {"blinker", "certifi"}  # pynamodb and botocore take them where they are: here, not in the package
ROOT = Path(__file__).resolve().parents[2]
LOADED = """
import sys
standard = set(sys.stdlib_module_names) | set(sys.modules)
import app
{then}
import json
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} - standard - {"app"})))
"""


def loaded(then: str = "") -> set[str]:
    """The packages, beside the standard library, that a fresh interpreter has loaded with the composition root."""
    program = LOADED.replace("{then}", then)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in json.loads(done.stdout) if "__" not in name} - NOT_DEPLOYED


def test_a_function_that_has_read_no_body_has_loaded_no_pydantic_no_boto3_and_no_tracer() -> None:
    assert loaded() == {
        *("aws_lambda_powertools", "botocore", "chalice", "chalicelib", "pynamodb"),
        *("dateutil", "jmespath", "six", "typing_extensions", "urllib3"),  # brought by these
    }


def test_the_first_body_loads_pydantic_and_nothing_else() -> None:
    read = "from chalicelib.edge.routing import ENDPOINTS; assert any(one.body for one in ENDPOINTS)"
    assert loaded(read) - loaded() == {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}


def test_the_first_token_of_an_issuer_loads_what_verifies_it_and_nothing_else() -> None:
    read = "import chalicelib.services.sign_in; before = set(sys.modules); import chalicelib.issuers.tokens"
    assert loaded(read) - loaded() == {"_cffi_backend", "_openssl", "cryptography", "jwt"}


COUNTED = """
import json, sys
compiled = []
def watch(event, given):
    if event == "compile" and given[0] is not None and sys._getframe(1).f_globals["__name__"] == "dataclasses":
        compiled.append(given[0])
sys.addaudithook(watch)
import app
print(json.dumps([len(compiled), sum(name.partition(".")[0] == "chalicelib" for name in sys.modules)]))
"""


def test_importing_the_service_compiles_few_methods_and_loads_few_modules() -> None:
    done = subprocess.run([sys.executable, "-c", COUNTED], cwd=ROOT, capture_output=True, text=True, check=True)
    methods, modules = json.loads(done.stdout)
    assert methods <= 85, "a frozen dataclass compiles six methods when it is imported: a record compiles none"
    assert modules <= 225, "a module that few requests need is imported where it is needed"


class Quiet(BaseHTTPRequestHandler):
    """A store that holds nothing and accepts everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answers any operation."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"Responses": {}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Listening(ThreadingHTTPServer):
    """Counts the connections that were made to it."""

    connections = 0

    def get_request(self) -> Any:
        """The next connection."""
        self.connections += 1
        return super().get_request()


def test_all_tables_and_a_transaction_share_one_connection_and_one_tls_context(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Counter[str] = Counter()

    def counting(name: str, original: Any) -> Any:
        def counted(*args: Any, **kwargs: Any) -> Any:
            made[name] += 1
            return original(*args, **kwargs)

        return counted

    for owner, method in ((ssl, "create_default_context"), (Session, "create_client")):
        monkeypatch.setattr(owner, method, counting(method, getattr(owner, method)))
    server = Listening(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    try:
        tables.bind(settings)
        for model in tables.NAMES:
            keys = [model._hash_keyname, *([model._range_keyname] if model._range_keyname else [])]
            number = [model.get_attributes()[str(name)].attr_type == "N" for name in keys]
            batch_get([(model, *[1 if one else "x" for one in number])])  # type: ignore[list-item]  # keys of many kinds
        context = begin(settings, Actor(ActorKind.OPERATOR, "root"))
        transaction = Transaction(context)
        open_session(context, transaction, new_session(context))
        transaction.commit()
    finally:
        server.shutdown()
        server.server_close()
    assert (server.connections, made) == (1, {}), "the TLS context is made once where there is TLS: test_connections"
