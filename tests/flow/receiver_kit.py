"""
A client's own server, as far as the provider calls it: keeps what came, answers with .status; /moved redirects.
Used by test_idp_logout_channels.py and test_idp_ciba_ping.py.
"""
import queue
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Came:
    path: str
    headers: dict
    body: str


class Receiver:
    def __init__(self, port):
        self.came, self.status, box = queue.Queue(), 200, self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                box.came.put(Came(self.path, dict(self.headers), body))
                self.send_response(302 if self.path == "/moved" else box.status)
                if self.path == "/moved":
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, seconds=10):
        return self.came.get(timeout=seconds)

    def nothing(self, seconds=1.5):
        time.sleep(seconds)
        return self.came.empty()

    def quiet(self):
        """As if nothing had come yet."""
        while not self.came.empty():
            self.came.get()
        self.status = 200
        return self

    def close(self):
        self.server.shutdown()
        self.server.server_close()
