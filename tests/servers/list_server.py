"""A small REST server over a real socket, whose records a test holds in its hands.

with ListServer() as server:
    server.records["things"] = [{"id": 1, "name": "One", "updated": 1}]
    server.url  # GET /things?since=&offset=&limit=, GET /things/1
"""

import http.server
import json
import sys
import threading
from collections import defaultdict
from urllib.parse import parse_qsl, urlsplit


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that was killed is what some tests are about."""
        quiet = isinstance(sys.exc_info()[1], ConnectionError)
        return None if quiet else super().handle_error(request, client_address)


class ListServer:
    """Collections of records, served as JSON.

    :ivar dict records: collection name to list of documents, in the order of the list
    :ivar list requests: (method, path, query) of every request
    :ivar before_answer: called before each list is answered, so that a test can change it while it is walked
    :ivar dict files: path to (content type, bytes)
    :ivar list faults: (status, headers, body) to answer with instead, first in, first out; None answers as usual
    """

    def __init__(self):
        self.records = defaultdict(list)
        self.requests = []
        self.faults = []
        self.files = {}
        self.before_answer = None
        self._server = _Listener(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    __enter__ = start

    def __exit__(self, *exc_info):
        self.stop()

    def answer(self, path, query):
        """Status and document for a request."""
        collection, _, external_id = path.strip("/").partition("/")
        if not external_id and self.before_answer:
            self.before_answer()
        records = self.records[collection]
        if external_id:
            for record in records:
                if str(record.get("id")) == external_id and not record.get("deleted"):
                    return 200, record
            return 404, {"message": f"There is no {external_id}"}
        if "since" in query:
            records = [record for record in records if record.get("updated", 0) >= int(query["since"])]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100000))
        return 200, {"items": records[offset : offset + limit], "total": len(records)}

    def _handler(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave in one packet; else Nagle and delayed acknowledgements cost 40 ms an answer.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self):
                parts = urlsplit(self.path)
                query = dict(parse_qsl(parts.query))
                outer.requests.append(("GET", parts.path, query))
                fault = outer.faults.pop(0) if outer.faults else None
                if fault:
                    status, headers, body = fault
                elif parts.path in outer.files:
                    status, (kind, body) = 200, outer.files[parts.path]
                    headers = {"Content-Type": kind}
                else:
                    status, document = outer.answer(parts.path, query)
                    headers, body = {"Content-Type": "application/json"}, json.dumps(document).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler
