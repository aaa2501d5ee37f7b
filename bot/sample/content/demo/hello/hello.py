#!/usr/bin/env python3
"""A service in one file: it says hello."""

from __future__ import annotations

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = "Hello in bloom"


class Greeting(BaseHTTPRequestHandler):
    place = ""

    def do_GET(self) -> None:
        said = "well\n" if self.path == "/health" else f"{WORDS} from {self.place}.\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(said.encode())))
        self.end_headers()
        self.wfile.write(said.encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--from", dest="place", required=True)
    options = parser.parse_args()
    Greeting.place = options.place
    print(f"saying hello on port {options.port}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", options.port), Greeting).serve_forever()


if __name__ == "__main__":
    main()
