import { expect, test } from "./fixtures";
import { PASSWORD } from "./pages/members";

test.use({ signIn: true });

test("whoever signs in goes on to where they wanted to", { tag: "@nojs" }, async ({ members, page }) => {
  await members.createFirst();
  await members.signOut();
  await page.goto("/activities?period=yesterday");
  await expect(page).toHaveURL(/\/sign-in\?return=/);
  await members.signIn(PASSWORD);
  await expect(page).toHaveURL(/\/activities\?period=yesterday$/);
});

test("a wrong password says so, and the address stays", { tag: "@nojs" }, async ({ members, page, complaints }) => {
  complaints.allow(/status of 422/);
  await members.createFirst();
  await members.signOut();
  await members.signIn("not the password");
  await expect(page.getByRole("alert")).toHaveText("E-mail address or password is wrong");
  await expect(page.getByLabel("E-mail address")).toHaveValue("ada@example.com");
  await expect(page.getByLabel("Password")).toHaveValue("");
  await members.signIn(PASSWORD);
  await expect(members.menu).toContainText("Ada");
});

test("an invited viewer accepts, looks, and is disabled", { tag: "@nojs" }, async ({
  browser,
  server,
  members,
  javaScriptEnabled,
}) => {
  await members.createFirst();
  await members.open("/members");
  const link = await members.invite("Lisa", "lisa@example.com");
  const lisa = await (await browser.newContext({ baseURL: server.origin, javaScriptEnabled })).newPage();
  await lisa.goto(link);
  await expect(lisa.getByLabel("Your name")).toHaveValue("Lisa");
  await lisa.getByLabel("Your name").fill("Lisa Ray");
  await lisa.getByLabel("Password").fill("another long password");
  await lisa.getByRole("button", { name: "Accept and sign in" }).click();
  await expect(lisa.getByRole("heading", { level: 1, name: "Today" })).toBeVisible();
  await expect(lisa.getByRole("link", { name: "Members" })).toHaveCount(0);

  await members.open("/members");
  await expect(members.row("Lisa Ray")).toContainText("active");
  await members.row("Lisa Ray").getByRole("button", { name: "Disable" }).click();
  await expect(members.row("Lisa Ray")).toContainText("disabled");
  await lisa.reload();
  await expect(lisa).toHaveURL(/\/sign-in$/);
  await lisa.context().close();
});

test("a page whose session has ended says so", async ({ server, today, members, frame, time, page, complaints }) => {
  complaints.allow(/status of 401/);
  await members.createFirst();
  await today.open();
  const { cookies } = await page.context().storageState();
  await page.context().clearCookies({ name: "__Host-session" });
  await time.pass({ seconds: 12 });
  await expect(frame.banner).toContainText("Signed out");
  await frame.banner.getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/sign-in\?return=%2F$/);
  expect(cookies.map(({ name }) => name).sort()).toEqual(["__Host-device", "__Host-session"]);
  expect(server.origin).toContain("http://127.0.0.1:");
});
