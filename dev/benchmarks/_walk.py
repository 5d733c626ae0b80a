"""Reads a list and does nothing with it: what the other system alone takes."""

import http.client
import json
import time
from urllib.parse import urlsplit

HEADERS = {"Authorization": "Basic ZGVtbzpkZW1vLXBhc3N3b3Jk"}  # the demo's own user


def rate(url, limit):
    """Read a whole list with one kept connection; return records a second."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    path, records, started = f"{urlsplit(url).path}?_limit={limit}&_sort=last_modified", 0, time.perf_counter()
    while path:
        connection.request("GET", path, headers=HEADERS)
        answer = connection.getresponse()
        records += len(json.loads(answer.read())["data"])
        following = answer.headers["Next-Page"]
        path = following and "{0.path}?{0.query}".format(urlsplit(following))
    return records / (time.perf_counter() - started)
