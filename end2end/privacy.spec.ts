import { expect, test } from "./fixtures";
import { FIRST_EVENT, twoWeeks } from "./history";
import type { UsageEvent } from "./server";

test.use({ signIn: true });

const ACME = { id: "acme", name: "Acme Inc" };
const LISA: UsageEvent = { account: ACME, user: { id: "u-1", name: "Lisa Ray" }, module: "Board", action: "Edit" };
const TOM: UsageEvent = { ...LISA, user: { id: "u-2", name: "Tom Oak" } };

test.beforeEach(async ({ members }) => {
  // Each walks through many pages.
  test.slow();
  await members.createFirst();
});

test("a user is erased: what would go, the confirmation, the receipt, and no trace", { tag: "@nojs" }, async ({
  server,
  members,
  privacy,
  today,
  page,
  complaints,
}) => {
  complaints.allow(/status of 422/);
  await server.send(LISA, { ...LISA, time: "2026-11-18T12:00:00Z" }, TOM);
  await server.tick();
  await today.open();
  await expect(today.topTen("Most active users").locator("th")).toContainText(["Lisa Ray", "Tom Oak"]);

  await members.menu.getByRole("link", { name: "Privacy" }).click();
  await expect(page.getByText("Nobody was erased yet")).toBeVisible();
  await privacy.lookUp("acme", "u-1");
  await expect(privacy.asked).toContainText("Erase the user u-1");
  await expect(privacy.asked).toContainText("called Lisa Ray");
  await expect(privacy.asked.getByRole("listitem")).toContainText(["1 user", "2 events"]);
  await privacy.confirm("u-2");
  await expect(privacy.asked).toContainText("Type the id as it stands above");
  await expect(privacy.receipts).toHaveCount(0);
  await privacy.confirm("u-1");
  await expect(privacy.receipts).toHaveCount(1);
  await expect(privacy.receipts).toContainText("a user");
  await expect(privacy.receipts).toContainText("ada@example.com");
  await expect(privacy.receipts).toContainText("2 events");
  await expect(async () => {
    await privacy.open();
    await expect(privacy.receipts).not.toContainText("soon", { timeout: 1_000 });
  }).toPass();
  await expect(page.getByRole("main")).not.toContainText(/u-1|Lisa Ray/);

  await today.open();
  await expect(today.topTen("Most active users").locator("th")).toContainText(["Tom Oak"]);
  await expect(page.getByRole("main")).not.toContainText("Lisa Ray");
  await today.open("?account=acme");
  await expect(today.entries).toHaveCount(1);
  await members.menu.getByRole("link", { name: "Audit" }).click();
  await expect(page.getByRole("table").locator("tbody tr").first()).toContainText("Erased a user or an account");
  await expect(page.getByRole("main")).not.toContainText(/u-1|Lisa Ray/);
});

test("an account is erased with its users, and a change of mind erases nothing", { tag: "@nojs" }, async ({
  server,
  privacy,
  activities,
  page,
}) => {
  await server.send(FIRST_EVENT, ...twoWeeks(), { ...LISA, account: "globex", time: "2026-11-18T12:00:00Z" });
  await privacy.open();
  await privacy.lookUp("globex");
  await expect(privacy.asked).toContainText("Erase the account with all its users globex");
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(privacy.account).toHaveValue("");
  await activities.open("?period=last_7_days&account=globex");
  await expect(activities.rows).toHaveCount(1);
  await privacy.open();
  await privacy.lookUp("globex");
  await privacy.confirm("globex");
  await expect(privacy.receipts).toContainText(["an account"]);
  await activities.open("?period=last_7_days&account=globex");
  await expect(activities.topModules).toContainText("No activity by account “globex” in this period");
  await activities.open("?period=last_7_days");
  await expect(activities.rows).toHaveCount(6);
});

test("an id that nobody has says so, and stays to be mended", { tag: "@nojs" }, async ({
  server,
  privacy,
  complaints,
}) => {
  complaints.allow(/status of 422/);
  await server.send(LISA);
  await privacy.open();
  await privacy.lookUp("acme", "U-1");
  await expect(privacy.alert).toHaveText("Nothing is known of them");
  await expect(privacy.account).toHaveValue("acme");
  await expect(privacy.user).toHaveValue("U-1");
  await privacy.user.fill("u-1");
  await privacy.user.press("Enter");
  await expect(privacy.asked).toContainText("Erase the user u-1");
});

test("raw events are kept for so many days, and figures stay", { tag: "@nojs" }, async ({
  server,
  privacy,
  activities,
  complaints,
}) => {
  complaints.allow(/status of 422/);
  await server.send(FIRST_EVENT, ...twoWeeks());
  await activities.open("?period=last_7_days");
  const before = await activities.everything();
  await privacy.open();
  await expect(privacy.days).toHaveValue("");
  await privacy.keep("a week");
  await expect(privacy.retention).toContainText("Give days from 1 to 36500, or nothing");
  await expect(privacy.days).toHaveValue("a week");
  await privacy.keep("9");
  await expect(async () => {
    await privacy.open();
    await expect(privacy.retention).toContainText("there since Saturday, 14 November 2026", { timeout: 1_000 });
  }).toPass();
  await expect(privacy.days).toHaveValue("9");
  await server.offer(FIRST_EVENT);
  await activities.open("?period=last_7_days");
  expect(await activities.everything()).toBe(before);
  await privacy.open();
  await privacy.keep("");
  await expect(privacy.days).toHaveValue("");
  await privacy.open();
  await expect(privacy.days).toHaveValue("");
});

test("a viewer sees none of it", { tag: "@nojs" }, async ({ members, frame, complaints }) => {
  complaints.allow(/status of 404/);
  await members.open("/members");
  const link = await members.invite("Lisa", "lisa@example.com");
  await members.signOut();
  await members.open(link);
  await members.fill({ password: "another long password" });
  await expect(members.menu).toContainText("Lisa");
  await expect(members.menu.getByRole("link", { name: "Privacy" })).toHaveCount(0);
  expect((await frame.open("/privacy"))?.status()).toBe(404);
  await expect(frame.heading("There is no such page")).toBeVisible();
});
