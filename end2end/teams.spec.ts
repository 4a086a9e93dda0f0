import { expect, test } from "./fixtures";
import type { UsageEvent } from "./server";

test.use({ signIn: true });

/** A use of an account of a plan, just now. */
function use(id: string, name: string, plan: string): UsageEvent {
  return { account: { id, name, attributes: { plan } }, user: `of ${id}`, module: "Dashboard", action: "Export" };
}

const EVENTS = [use("a", "Acme", "small"), use("b", "Bolt", "large"), use("c", "Copper", "large")];

test("a team is made, changed and deleted", { tag: "@nojs" }, async ({ server, members, teams, page, complaints }) => {
  complaints.allow(/status of 422/);
  await members.createFirst();
  await server.send(...EVENTS);
  await members.menu.getByRole("link", { name: "Teams" }).click();
  await expect(page.getByText("There is no team yet")).toBeVisible();

  await teams.added.name.fill("North");
  await teams.added.accounts.fill("a\nnot-there-yet");
  const rule = teams.added.rule(0);
  await expect(rule.attribute).toBeHidden();
  await rule.on.selectOption("the name");
  await expect(rule.attribute).toBeHidden();
  await rule.on.selectOption("the attribute");
  await rule.attribute.fill("plan");
  await rule.value.fill("large");
  await teams.added.press("Preview");
  await expect(teams.preview).toContainText("This would see 3 accounts. Acme, Bolt, Copper");
  await expect(rule.attribute).toHaveValue("plan");
  await teams.added.press("Add");
  await expect(teams.panel("North")).toContainText("Sees 3 accounts. Members: nobody.");

  let form = await teams.change("North");
  await expect(form.accounts).toHaveValue("a\nnot-there-yet");
  await form.accounts.fill("");
  await form.rule(1).on.selectOption("the name");
  await form.rule(1).is.selectOption("starts with");
  await form.rule(1).value.fill("Ac");
  await form.rule(0).on.selectOption("no rule");
  await form.name.fill("West");
  await form.press("Save");
  await expect(teams.panel("West")).toContainText("Sees 1 account.");
  await expect(teams.panel("North")).toHaveCount(0);

  await teams.add("West", "b");
  await expect(page.getByText("There is a team with this name already")).toBeVisible();
  await expect(teams.added.accounts).toHaveValue("b");

  form = await teams.change("West");
  await form.press("Delete the team");
  await expect(page.getByText("There is no team yet")).toBeVisible();
  await members.menu.getByRole("link", { name: "Audit" }).click();
  await expect(page.getByRole("table").locator("tbody tr")).toContainText([
    "Deleted a team West",
    "Changed a team North",
    "Made a team North",
  ]);
});

test("a viewer sees the accounts of their teams, and the address keeps through whose eyes", { tag: "@nojs" }, async ({
  server,
  members,
  teams,
  today,
  frame,
  page,
}) => {
  await members.createFirst();
  await server.send(...EVENTS);
  await teams.open();
  for (const [name, account] of [["North", "a"], ["South", "b"], ["East", "c"]] as const) await teams.add(name, account);
  await members.open("/members");
  const link = await members.invite("Lisa", "lisa@example.com", ["North", "South"]);
  await members.signOut();
  await members.open(link);
  await members.fill({ password: "another long password" });

  const accounts = today.topTen("Most active accounts").locator("th");
  await expect(accounts).toHaveText(["Acme", "Bolt"]);
  await expect(teams.picker.locator("option")).toHaveText(["All your teams", "North", "South"]);
  await teams.choose("South");
  await expect(page).toHaveURL(/\/\?team=\d+$/);
  await expect(accounts).toHaveText(["Bolt"]);
  await frame.reload();
  await expect(accounts).toHaveText(["Bolt"]);
  await expect(teams.picker.locator("option:checked")).toHaveText("South");
  await frame.link("Activities").click();
  await expect(page).toHaveURL(/\/activities\?team=\d+$/);
  await expect(teams.picker.locator("option:checked")).toHaveText("South");
  await teams.choose("All your teams");
  await expect(page).toHaveURL(/\/activities(\?team=)?$/);
});

test("who belongs to no team reads so, and sees figures as soon as they do", { tag: "@nojs" }, async ({
  server,
  members,
  today,
  frame,
  time,
  page,
  browser,
  javaScriptEnabled,
}) => {
  await members.createFirst();
  await server.send(...EVENTS);
  await members.open("/members");
  const link = await members.invite("Lisa", "lisa@example.com");
  await members.signOut();
  await members.open(link);
  await members.fill({ password: "another long password" });
  for (const path of ["/activities", "/"]) {
    await frame.open(path);
    await expect(page.getByRole("heading", { name: "You belong to no team yet" })).toBeVisible();
    await expect(page.getByText("Ask an administrator")).toBeVisible();
    await expect(page.getByText("Send your first event")).toHaveCount(0);
  }

  const elsewhere = await browser.newContext({ baseURL: server.origin, javaScriptEnabled });
  const ada = await elsewhere.newPage();
  await ada.goto("/sign-in");
  await ada.getByLabel("E-mail address").fill("ada@example.com");
  await ada.getByLabel("Password").fill("correct horse battery");
  await ada.getByRole("button", { name: "Sign in" }).click();
  await ada.goto("/teams");
  const form = ada.locator(".panel").filter({ has: ada.getByRole("heading", { name: "Add a team" }) });
  await form.getByLabel("Name").fill("North");
  await form.getByLabel("Accounts by their ids").fill("a");
  await form.getByRole("button", { name: "Add" }).click();
  await ada.goto("/members");
  const lisa = ada.getByRole("row").filter({ hasText: "lisa@example.com" });
  await lisa.getByLabel("North").check();
  await lisa.getByRole("button", { name: "Save teams" }).click();
  await elsewhere.close();

  if (javaScriptEnabled ?? true) await time.pass({ seconds: 11 });
  else await page.reload();
  await expect(today.topTen("Most active accounts").locator("th")).toHaveText(["Acme"]);
});
