// `client.mjs ORIGIN KEY` tells the story of ../../clients.spec.ts with Segment's library, and prints what that reports
// as failed.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const client = new Analytics({ host, writeKey });
client.on("error", ({ reason }) => console.log(String(reason)));

const exported = { event: "Exported", properties: { module: "Reports" } };
client.identify({ userId: "lisa", traits: { name: "Lisa Ray" } });
client.group({ userId: "lisa", groupId: "acme", traits: { name: "Acme Inc" } });
client.track({ ...exported, userId: "lisa" });
client.track({ ...exported, userId: "nobody" });
await client.flush({ timeout: 10_000 });
client.track({ ...exported, userId: "lisa" });
client.track({ ...exported, userId: "tom", context: { groupId: "globex" } });
client.page({ userId: "lisa", name: "Pricing" });
client.screen({ userId: "lisa", name: "Cockpit" });
client.alias({ previousId: "visitor", userId: "lisa" });
client.track({ ...exported, userId: "visitor" });
await client.closeAndFlush({ timeout: 10_000 });
