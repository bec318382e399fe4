"""A store that only plays back: answers recorded exchanges in order, round and round, as fast as it can.

`python -m benchmarks.stub PORT FILE`, where FILE holds a list of lists of answers (base64), one list a request;
`POST /play/N` chooses the list that comes next.
"""

import base64
import json
import socket
import sys
import threading
import zlib
from pathlib import Path


def framed(status: int, body: bytes) -> bytes:
    """An answer as it goes over the wire, with DynamoDB's checksum."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n"
    return f"{head}x-amz-crc32: {zlib.crc32(body)}\r\nx-amzn-RequestId: STUB\r\n\r\n".encode() + body


def main() -> None:
    """Serves until it is killed."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    lists = [[framed(status, base64.b64decode(body)) for status, body in one] for one in json.loads(file.read_text())]
    server = socket.create_server(("127.0.0.1", port), backlog=32)
    state = [0, 0]
    while True:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, lists, state), daemon=True).start()


def _serve(connection: socket.socket, lists: list[list[bytes]], state: list[int]) -> None:
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            more = connection.recv(65536)
            if not more:
                return
            buffer += more
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
        while len(buffer) < length:
            buffer += connection.recv(65536)
        buffer = buffer[length:]
        path = lines[0].split(b" ")[1]
        if path.startswith(b"/play/"):
            state[:] = int(path.rpartition(b"/")[2]), 0
            connection.sendall(framed(200, b"{}"))
            return
        if path != b"/" or lines[0].startswith(b"GET"):
            connection.sendall(framed(404, b"{}"))
            continue
        answers = lists[state[0]]
        connection.sendall(answers[state[1] % len(answers)])
        state[1] += 1


if __name__ == "__main__":
    main()
