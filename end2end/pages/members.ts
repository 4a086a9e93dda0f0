import { expect, type Locator, type Page } from "@playwright/test";
import type { Server } from "../server";
import type { Frame } from "./frame";

/** The password of the first administrator. */
export const PASSWORD = "correct horse battery";

/** Signing in and out, links that open once, members and their profile. */
export class MembersPages {
  readonly menu: Locator;

  constructor(
    readonly page: Page,
    private readonly frame: Frame,
    private readonly server: Server,
  ) {
    this.menu = page.getByRole("navigation", { name: "You" });
  }

  async open(address: string): Promise<void> {
    await this.frame.open(address);
  }

  async openFirstLink(): Promise<void> {
    await this.open(await this.server.firstLink());
  }

  /** Makes the first administrator, who is then signed in. */
  async createFirst(): Promise<void> {
    await this.openFirstLink();
    await this.fill({ name: "Ada", email: "ada@example.com", password: PASSWORD });
    await expect(this.menu).toContainText("Ada");
  }

  /** Fills in the fields of a link's page, and sends them. */
  async fill({ name, email, password }: { name?: string; email?: string; password: string }): Promise<void> {
    if (name) await this.page.getByLabel("Your name").fill(name);
    if (email) await this.page.getByLabel("E-mail address").fill(email);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "and sign in" }).click();
  }

  async signIn(password: string, email = "ada@example.com"): Promise<void> {
    await this.page.getByLabel("E-mail address").fill(email);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  async signOut(): Promise<void> {
    await this.menu.getByRole("button", { name: "Sign out" }).click();
    await expect(this.page).toHaveURL(/\/sign-in$/);
  }

  /** Invites a viewer of teams, and returns the address of their link. */
  async invite(name: string, email: string, teams: string[] = [], configuresTracking = false): Promise<string> {
    const panel = this.page.locator(".panel").filter({ has: this.page.getByRole("heading", { name: "Invite somebody" }) });
    await panel.getByLabel("configures tracking").setChecked(configuresTracking);
    await panel.getByLabel("Name", { exact: true }).fill(name);
    await panel.getByLabel("E-mail address").fill(email);
    const boxes = panel.getByRole("group", { name: "Teams whose accounts a viewer sees" });
    for (const team of teams) await boxes.getByLabel(team).check();
    await panel.getByRole("button", { name: "Make the link" }).click();
    return this.page.locator(".issued pre").innerText();
  }

  row(name: string): Locator {
    return this.page.getByRole("row").filter({ hasText: name });
  }
}
