"""`client.py ORIGIN KEY` tells the story of ../../clients.spec.ts with Segment's library, and prints what that reports
as failed."""

import logging
import sys

from segment.analytics.client import Client

host, write_key = sys.argv[1:]
logging.getLogger("segment").addHandler(logging.NullHandler())
client = Client(write_key, host=host, gzip=True, on_error=lambda error, batch: print(error))

exported = {"event": "Exported", "properties": {"module": "Reports"}}
client.identify("lisa", {"name": "Lisa Ray"})
client.group("lisa", "acme", {"name": "Acme Inc"})
client.track("lisa", **exported)
client.track("nobody", **exported)
client.flush()
client.track("lisa", **exported)
client.track("tom", **exported, context={"groupId": "globex"})
client.page("lisa", name="Pricing")
client.screen("lisa", name="Cockpit")
client.alias("visitor", "lisa")
client.track("visitor", **exported)
client.shutdown()
