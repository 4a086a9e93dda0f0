import { expect, test as base } from "./fixtures";
import { SingleSignOnPages } from "./pages/single-sign-on";
import { Provider } from "./provider";

interface Fixtures {
  /** A provider that knows Lisa, and Bea whose address may be another's. */
  provider: Provider;
  singleSignOn: SingleSignOnPages;
}

const test = base.extend<Fixtures>({
  // Tokens are from the time it is.
  start: async ({}, use) => use(new Date().toISOString()),
  provider: async ({}, use) => {
    const provider = await Provider.start();
    const lisa = { name: "Lisa Ray", email: "lisa@example.com", verified: true, groups: ["sales"] };
    provider.people.set("lisa", lisa);
    provider.people.set("bea", { ...lisa, name: "Bea", email: "ada@example.com", verified: false });
    await use(provider);
    await provider.stop();
  },
  issuer: async ({ provider }, use) => use(provider.issuer),
  complaints: async ({ complaints, provider, server }, use) => {
    provider.serve(server.origin);
    complaints.allow(new RegExp(`^another host: ${provider.issuer}/`));
    await use(complaints);
  },
  singleSignOn: async ({ page, frame }, use) => use(new SingleSignOnPages(page, frame)),
});

test.use({ signIn: true });

test("a newcomer signs in with a provider, and comes back as another role", { tag: "@nojs" }, async ({
  provider,
  singleSignOn,
  members,
  page,
}) => {
  await members.createFirst();
  await members.signOut();
  await page.goto("/activities?period=yesterday");
  await singleSignOn.signInAs("lisa");
  await expect(page).toHaveURL(/\/activities\?period=yesterday$/);
  await expect(members.menu).toContainText("Lisa Ray");
  await expect(page.getByRole("link", { name: "Members" })).toHaveCount(0);

  // Signed in there still, nobody is asked again; by then Lisa is an administrator, and of another address.
  await members.signOut();
  const lisa = { name: "Lisa Ray", email: "ray@example.com", verified: true, groups: ["sales", "admins"] };
  provider.people.set("lisa", lisa);
  await singleSignOn.button.click();
  await expect(page).toHaveURL(/\/$/);
  await members.open("/members");
  await expect(members.row("lisa@example.com")).toContainText("active");
  await expect(members.row("Lisa Ray")).toHaveCount(1);
  await members.open("/audit");
  await expect(page.getByRole("row").filter({ hasText: "Changed what a member may do" })).toContainText(
    "lisa@example.com, by single sign-on",
  );
});

test("who stays out reads why, and what to do", { tag: "@nojs" }, async ({
  singleSignOn,
  members,
  page,
  complaints,
}) => {
  complaints.allow(/status of 40[03]/);
  await members.createFirst();
  await members.signOut();
  await singleSignOn.open("/sign-in?return=%2Factivities");
  await singleSignOn.decline();
  await expect(singleSignOn.alert).toContainText("You were not signed in, as was asked for");
  await singleSignOn.signInAs("bea");
  await expect(singleSignOn.alert).toContainText("does not say that your e-mail address is yours");
  await page.goto("/sign-in/oidc/callback?code=x&state=y");
  await expect(singleSignOn.alert).toContainText("This was not begun in this browser");
  await page.goto("/");
  await expect(page).toHaveURL(/\/sign-in$/);
});

test("while the provider is down, passwords work", { tag: "@nojs" }, async ({
  provider,
  singleSignOn,
  members,
  complaints,
}) => {
  complaints.allow(/status of 502/);
  await members.createFirst();
  await members.signOut();
  await provider.stop();
  await singleSignOn.button.click();
  await expect(singleSignOn.alert).toContainText("Your provider did not say who you are");
  await members.signIn("correct horse battery");
  await expect(members.menu).toContainText("Ada");
});
