"""A small web service: one page, one stream of events, one answer for the health check. Needs nothing but Python."""

import os
import threading
import time
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from string import Template

HERE = Path(__file__).parent
BEGAN = time.monotonic()
COMMIT = os.environ.get("TRELLIS_SHA", "")[:12] or "not committed yet"


class Watchers:
    """How many people look at the page now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def __enter__(self) -> None:
        with self._lock:
            self.count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.count -= 1


watchers = Watchers()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self.answer(200, "text/html; charset=utf-8", self.page())
        elif path == "/health":
            self.answer(200, "text/plain; charset=utf-8", "well\n")
        elif path == "/events":
            self.events()
        else:
            self.answer(404, "text/plain; charset=utf-8", "Nothing grows at this address.\n")

    do_HEAD = do_GET

    def page(self) -> str:
        slug = os.environ.get("TRELLIS_SLUG") or self.headers.get("Host", "here").partition(".")[0]
        words = (HERE / "words.txt").read_text(encoding="utf-8").strip()
        theme = (HERE / "theme.css").read_text(encoding="utf-8")
        page = Template((HERE / "page.html").read_text(encoding="utf-8"))
        return page.safe_substitute(slug=escape(slug), words=escape(words), commit=escape(COMMIT), theme=theme)

    def answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def events(self) -> None:
        """Server-sent events: what is so, once a second, until the reader goes away."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        with watchers:
            while True:
                seconds = int(time.monotonic() - BEGAN)
                try:
                    self.wfile.write(f"data: up for {seconds // 60} min {seconds % 60} s, {watchers.count} watching\n\n".encode())
                except OSError:
                    return
                time.sleep(1)


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8000"))
    with Server(("127.0.0.1", port), Handler) as server:
        print(f"listening on port {server.server_address[1]}", flush=True)
        server.serve_forever()
