from . import authorization, webhook
