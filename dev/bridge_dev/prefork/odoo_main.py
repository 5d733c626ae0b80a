"""Starts Odoo as a script: a server with workers starts its own file once more, for gevent.

It has a folder of its own, because Python puts a script's folder before all others.
"""

import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
