import { expect, test } from "./fixtures";

test.use({ signIn: true });

const EVENT = { account: "acme", user: "lisa", module: "Dashboard", action: "Export" };

test("a key is made, used, rotated and revoked", { tag: "@nojs" }, async ({ members, keys, request, page }) => {
  const send = async (key: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}` };
    return (await request.post("/api/v1/events", { data: EVENT, headers })).status();
  };
  await members.createFirst();
  await members.menu.getByRole("link", { name: "Keys" }).click();
  await expect(page.getByText("No key yet")).toBeVisible();
  const first = await keys.make("website");
  expect(await send(first)).toBe(200);
  await keys.open();
  await expect(keys.shown).toHaveCount(0);
  await expect(keys.rows).toHaveCount(1);
  await expect(keys.rows).toContainText([`${first.slice(0, 9)}…`]);
  await expect(keys.rows).toContainText(["in 90 days"]);

  const second = await keys.rotate("website", "in an hour");
  expect([await send(first), await send(second)]).toEqual([200, 200]);
  await expect(keys.rows).toContainText(["sends events", "replaced"]);

  await keys.choose("website", "Revoke");
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page).toHaveURL(/\/keys$/);
  expect(await send(second)).toBe(200);
  await keys.revoke("website");
  await expect(page.getByText("No key yet")).toBeVisible();
  expect([await send(first), await send(second)]).toEqual([401, 401]);

  await members.menu.getByRole("link", { name: "Audit" }).click();
  await expect(page.getByRole("table").locator("tbody tr")).toContainText([
    "Revoked a key website",
    "Gave a key another secret website",
    "Made a key website",
    "Became the first administrator ada@example.com",
  ]);
});

test("a secret is copied", async ({ members, keys, page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await members.createFirst();
  await keys.open();
  const secret = await keys.make("website");
  await expect(async () => {
    await keys.copy.click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  }).toPass();
});

test("no page breaks its own policy", { tag: "@nojs" }, async ({
  members,
  frame,
  page,
  javaScriptEnabled,
}) => {
  const broken: string[] = [];
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) broken.push(message.text());
  });
  await members.createFirst();
  for (const path of ["/", "/activities", "/quality", "/profile", "/members", "/keys", "/privacy", "/audit"]) {
    const response = await frame.open(path);
    expect(response?.headers()["content-security-policy"], path).toContain("script-src 'self' 'nonce-");
  }
  await page.goto("/api/docs/index.html");
  if (javaScriptEnabled ?? true) await expect(page.getByText("Gives a key another secret")).toBeVisible();
  expect(broken).toEqual([]);
});
