"""Runs in the servers' own Python: `serve_third_party.py kinto|localstripe|radicale PORT`, on loopback.

They keep nothing: the first two are in memory, Radicale's folder goes with the process.
"""

import signal
import sys

LOOPBACK = "127.0.0.1"


def kinto(port):
    """Serve Kinto: any user name is an account (basic authentication), anyone who has one may create buckets."""
    import waitress
    from kinto import main

    settings = {
        "kinto.storage_backend": "kinto.core.storage.memory",
        "kinto.cache_backend": "kinto.core.cache.memory",
        "kinto.permission_backend": "kinto.core.permission.memory",
        "kinto.bucket_create_principals": "system.Authenticated",
        "kinto.userid_hmac_secret": "only for tests on loopback",
        "kinto.batch_max_requests": "500",
        "multiauth.policies": "basicauth",
    }
    waitress.serve(main({}, **settings), host=LOOPBACK, port=port, threads=8)


def localstripe(port):
    """Serve localstripe; its own command would listen on every address and keep its store in a shared file."""
    from aiohttp import web
    from localstripe import resources
    from localstripe.server import app

    resources.Store.dump_to_disk = lambda store: None
    web.run_app(app, host=LOOPBACK, port=port, access_log=None)


def radicale(port):
    """Serve Radicale, which keeps each contact in a file; any user name is an account (basic authentication)."""
    import tempfile

    from radicale import config, log, server

    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit())  # or the folder would stay
    with tempfile.TemporaryDirectory() as folder:
        settings = config.load()
        settings.update(
            {
                "server": {"hosts": f"{LOOPBACK}:{port}", "max_connections": "100"},
                "auth": {"type": "none"},
                "storage": {"filesystem_folder": folder, "_filesystem_fsync": "False"},
            },
            "for tests",
            privileged=True,
        )
        log.setup()
        log.set_level("warning", False)
        server.serve(settings)


if __name__ == "__main__":
    {"kinto": kinto, "localstripe": localstripe, "radicale": radicale}[sys.argv[1]](int(sys.argv[2]))
