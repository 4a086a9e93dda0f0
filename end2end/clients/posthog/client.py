"""`client.py ORIGIN KEY` tells the story of ../../clients.spec.ts with PostHog's library, and prints what that reports
as failed."""

import logging
import sys

from posthog import Posthog

host, key = sys.argv[1:]
logging.getLogger("posthog").addHandler(logging.NullHandler())
client = Posthog(key, host=host, gzip=True, on_error=lambda error, batch: print(error))

acme = {"company": "acme"}
exported = {"event": "Exported", "properties": {"module": "Reports"}}
client.set(distinct_id="lisa", properties={"name": "Lisa Ray"})
client.group_identify("company", "acme", {"name": "Acme Inc"}, distinct_id="lisa")
client.capture(**exported, distinct_id="lisa", groups=acme)
client.capture(**exported, distinct_id="nobody")
client.flush()
client.capture(**exported, distinct_id="lisa")
client.capture(**exported, distinct_id="tom", groups={"company": "globex"})
client.capture("$pageview", properties={"module": "Pricing"}, distinct_id="lisa", groups=acme)
client.capture("$screen", properties={"$screen_name": "Cockpit"}, distinct_id="lisa", groups=acme)
client.alias("visitor", "lisa")
client.capture(**exported, distinct_id="visitor")
client.shutdown()
