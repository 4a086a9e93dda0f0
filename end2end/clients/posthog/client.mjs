// `client.mjs ORIGIN KEY` tells the story of ../../clients.spec.ts with PostHog's library, and prints what that reports
// as failed.
import { PostHog } from "posthog-node";

const [host, key] = process.argv.slice(2);
const client = new PostHog(key, { host });
client.on("error", (error) => console.log(String(error)));

const acme = { company: "acme" };
const exported = { event: "Exported", properties: { module: "Reports" } };
client.identify({ distinctId: "lisa", properties: { name: "Lisa Ray" } });
client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { name: "Acme Inc" }, distinctId: "lisa" });
client.capture({ ...exported, distinctId: "lisa", groups: acme });
client.capture({ ...exported, distinctId: "nobody" });
await client.flush().catch(() => undefined);
client.capture({ ...exported, distinctId: "lisa" });
client.capture({ ...exported, distinctId: "tom", groups: { company: "globex" } });
client.capture({ event: "$pageview", properties: { module: "Pricing" }, distinctId: "lisa", groups: acme });
client.capture({ event: "$screen", properties: { $screen_name: "Cockpit" }, distinctId: "lisa", groups: acme });
client.alias({ distinctId: "lisa", alias: "visitor" });
client.capture({ ...exported, distinctId: "visitor" });
await client.shutdown();
