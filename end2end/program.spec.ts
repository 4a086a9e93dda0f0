import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test as base } from "@playwright/test";
import { Complaints } from "./complaints";
import { launch } from "./launch";

// The program as it is shipped: the page within it, and a clock that nobody sets.
const test = base.extend({
  baseURL: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "usage-monitor-"));
    const database = `sqlite://${join(directory, "test.sqlite")}`;
    const program = await launch("USAGE_MONITOR", ["serve", "--access", "open", "--listen", "127.0.0.1:0", "--database", database]);
    await use(/http:\S+/.exec(program.line)?.[0]);
    await program.stop();
    await rm(directory, { recursive: true });
  },
});

test("the program serves a page that lives", async ({ baseURL, context, page, request }) => {
  const { origin } = new URL(baseURL ?? "");
  const complaints = new Complaints(context, origin, true);
  const loaded: string[] = [];
  page.on("response", (response) => loaded.push(new URL(response.url()).pathname));
  const use = async (user: string) => {
    const data = { account: "acme", user, module: "Board", action: "Edit" };
    expect(await (await request.post("/api/v1/events", { data })).json()).toMatchObject({ accepted: 1 });
  };

  await page.goto("/");
  await expect(page.getByText("Waiting for the first event")).toBeVisible();
  await use("lisa");
  await expect(page.locator("#stream").getByText("lisa")).toBeVisible();
  expect(loaded).toContainEqual(expect.stringMatching(/^\/pkg\/usage-monitor\.[0-9a-f]{16}\.wasm$/));

  await page.getByRole("switch", { name: "Auto refresh" }).click();
  await use("tom");
  await expect(page.locator("#stream").getByText("tom")).toBeVisible();
  expect(complaints.unexpected).toEqual([]);
});
