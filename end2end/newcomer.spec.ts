import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test as base } from "@playwright/test";
import { Complaints } from "./complaints";
import { launch, type Launched } from "./launch";

// The program as it is shipped, started for the first time.
const test = base.extend<{ program: Launched }>({
  program: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "usage-monitor-"));
    const database = `sqlite://${join(directory, "test.sqlite")}`;
    const program = await launch("USAGE_MONITOR", ["serve", "--listen", "127.0.0.1:0", "--database", database]);
    await use(program);
    await program.stop();
    await rm(directory, { recursive: true });
  },
  baseURL: async ({ program }, use) => use(/http:\S+/.exec(program.line)?.[0]),
});

test("the printed link leads to Today, a key to the first event, and a password back", async ({
  program,
  baseURL,
  context,
  page,
  request,
}) => {
  const complaints = new Complaints(context, new URL(baseURL ?? "").origin, true);
  const link = () => program.printed.map((line) => /\S+\/link\?token=\S+/.exec(line)?.[0]).find(Boolean);
  await expect.poll(link).toBeDefined();

  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Nobody can sign in yet" })).toBeVisible();
  await page.goto(link() ?? "");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("E-mail address").fill("ada@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Today" })).toBeVisible();
  await expect(page.getByText("Waiting for the first event")).toBeVisible();
  await expect(page.locator(".empty pre")).toContainText("authorization: Bearer KEY");
  await page.getByRole("link", { name: "make another here" }).click();
  await page.getByLabel("Name").fill("shop");
  await page.getByRole("button", { name: "Make the key" }).click();
  const headers = { authorization: `Bearer ${await page.locator(".issued pre").innerText()}` };
  await page.goto("/");
  const data = { account: "acme", user: "lisa", module: "Dashboard", action: "Export" };
  expect((await request.post("/api/v1/events", { data, headers })).status()).toBe(200);
  await expect(page.getByRole("heading", { name: "Users online" })).toBeVisible();

  const menu = page.getByRole("navigation", { name: "You" });
  await menu.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("E-mail address").fill("ada@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(menu).toContainText("Ada");

  await page.goto(link() ?? "");
  await expect(page.getByRole("heading", { name: "This link does not open any more" })).toBeVisible();
  expect(complaints.unexpected).toEqual([]);
});
