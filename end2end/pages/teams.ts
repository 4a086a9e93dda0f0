import type { Locator, Page } from "@playwright/test";
import type { Frame } from "./frame";

/** Teams as administrators make them, and how others choose one. */
export class TeamsPage {
  /** What a team that was typed would see. */
  readonly preview: Locator;
  /** The form of a team that there is not yet. */
  readonly added: TeamForm;
  /** Through which team's eyes figures are seen. */
  readonly picker: Locator;

  constructor(
    private readonly page: Page,
    private readonly frame: Frame,
    private readonly scripting: boolean,
  ) {
    this.preview = page.getByRole("status").filter({ hasText: "This would see" });
    this.added = new TeamForm(this.panel("Add a team"));
    this.picker = page.getByLabel("Seen by");
  }

  async open(): Promise<void> {
    await this.frame.open("/teams");
  }

  panel(name: string): Locator {
    return this.page.locator(".panel").filter({ has: this.page.getByRole("heading", { name, exact: true }) });
  }

  /** Opens the form of a team. */
  async change(name: string): Promise<TeamForm> {
    await this.panel(name).getByText("Change what it sees").click();
    return new TeamForm(this.panel(name));
  }

  /** Makes a team that sees these accounts. */
  async add(name: string, ...accounts: string[]): Promise<void> {
    await this.added.name.fill(name);
    await this.added.accounts.fill(accounts.join("\n"));
    await this.added.press("Add");
  }

  /** Looks at the figures of the page through a team's eyes. */
  async choose(name: string): Promise<void> {
    await this.picker.selectOption(name);
    if (!this.scripting) await this.page.locator(".team-picker").getByRole("button", { name: "Show" }).click();
  }
}

class TeamForm {
  readonly name: Locator;
  readonly accounts: Locator;

  constructor(private readonly panel: Locator) {
    this.name = panel.getByLabel("Name");
    this.accounts = panel.getByLabel("Accounts by their ids");
  }

  /** The fields of a rule, counted from 0. */
  rule(index: number): { on: Locator; attribute: Locator; is: Locator; value: Locator } {
    const field = (label: string) => this.panel.getByLabel(label).nth(index);
    return {
      on: field("What the rule looks at"),
      attribute: field("Which attribute"),
      is: field("How it compares"),
      value: field("With what"),
    };
  }

  async press(button: "Add" | "Save" | "Preview" | "Delete the team"): Promise<void> {
    await this.panel.getByRole("button", { name: button }).click();
  }
}
