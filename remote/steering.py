"""Headers that decide where a request goes, who it seems to come from, or how it is carried: nobody sets them by hand.

Behind a shared host, a proxy or a CDN the Host header names the site that is meant; whoever sets it has another site
get the credentials (RFC 9110 section 7.2). Those of one connection belong to the connection (section 7.6.1).
"""

import re

_STEERING = re.compile(
    r"host|x-host|x-http-host-override|x-forwarded(-.+)?|forwarded|via|x-original-.+|x-rewrite-url|x-url|x-real-ip"
    r"|x-client-ip|x-cluster-client-ip|true-client-ip|cf-connecting-ip|front-end-https|x-envoy-.+"
    r"|connection|keep-alive|proxy-.+|te|trailer|transfer-encoding|upgrade|http2-settings|content-length|expect"
)


def steers(name: str) -> bool:
    """Does a header of this name steer the request?"""
    # Some servers take an underscore for a dash.
    return bool(_STEERING.fullmatch(name.strip().lower().replace("_", "-")))
