"""Runs in its own process: `_contacts_server.py PORT NUMBER [people|light]`; a list that costs little.

It lists NUMBER contacts the way Kinto does (`_limit`, `_token`, `Next-Page`, `ETag`), so that the same connector
definition reads both. A page is encoded once and kept, as far as the pages of one limit fit into `KEPT` records; beyond
that it is made when it is asked for, so that the list may be much longer than the memory is large.
"""

import json
import socketserver
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bridge_dev.demo_data import contacts

PATH = "/v1/buckets/crm/collections/contacts/records"
KEPT = 20_000
BLOCK = 1000  # believable contacts that a long list is made of


class Contacts:
    """The list.

    :param int number: how many contacts there are.
    :param bool light: only id, name and time, for lists that are read for their length.
    """

    def __init__(self, number, light=False):
        self.number = number
        self.light = light
        self.block = contacts(number if number <= KEPT else BLOCK)
        self.pages = {}

    def page(self, start, limit):
        """Return the encoded page and the position behind it (None at the end)."""
        if (start, limit) not in self.pages or self.number > KEPT:
            end = min(start + limit, self.number)
            records = [self._record(position) for position in range(start, end)]
            body = json.dumps({"data": records}, ensure_ascii=False).encode()
            self.pages = self.pages if self.number <= KEPT else {}
            self.pages[start, limit] = body, end if end < self.number else None
        return self.pages[start, limit]

    def _record(self, position):
        if self.light:
            return {"id": f"r{position}", "name": f"Tag {position}", "last_modified": 1_700_000_000_000 + position}
        entry = self.block[position % len(self.block)]
        if self.number > KEPT:
            entry = {**entry, "id": f"{position}-{entry['id']}"}
        return {**entry, "last_modified": 1_700_000_000_000 + position}


class Connection(socketserver.StreamRequestHandler):
    """One kept connection."""

    disable_nagle_algorithm = True

    def handle(self):
        while line := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            self.wfile.write(self._answer(line.split()[1].decode()))

    def _answer(self, address):
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        limit = int(query.get("_limit", 100))
        body, after = self.server.contacts.page(int(query.get("_token", 0)), limit)
        head = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        head.append(f'ETag: "{1_700_000_000_000 + self.server.contacts.number}"')
        if after is not None:
            port = self.server.server_address[1]
            head.append(f"Next-Page: http://127.0.0.1:{port}{PATH}?_limit={limit}&_token={after}")
        return "\r\n".join([*head, "", ""]).encode() + body


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main(port, number, kind="people"):
    """Serve until the process is ended."""
    with Server(("127.0.0.1", int(port)), Connection) as server:
        server.contacts = Contacts(int(number), light=kind == "light")
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
