import type { Locator, Page } from "@playwright/test";
import type { Frame } from "./frame";

export class TodayPage {
  /** When the numbers are from, in which zone, on which day. */
  readonly asOf: Locator;
  readonly stale: Locator;
  readonly autoRefresh: Locator;
  /** The button that shows what waits. */
  readonly news: Locator;
  readonly entries: Locator;
  readonly older: Locator;
  /** What scrolls on a wide screen. */
  readonly streamScroll: Locator;
  readonly emptyWorkspace: Locator;

  constructor(
    private readonly page: Page,
    private readonly frame: Frame,
  ) {
    this.asOf = page.locator(".as-of");
    this.stale = page.locator(".stale");
    this.autoRefresh = page.getByRole("switch", { name: "Auto refresh" });
    this.news = page.getByRole("button", { name: /^\d+ new$/ });
    this.streamScroll = page.locator("#stream");
    this.entries = this.streamScroll.locator("details");
    this.older = this.streamScroll.getByRole("link", { name: "Older" });
    this.emptyWorkspace = page.locator(".empty");
  }

  async open(search = ""): Promise<void> {
    await this.frame.open(`/${search}`);
  }

  card(title: "Accounts online" | "Users online" | "Time per user"): Card {
    const heading = this.page.getByRole("heading", { name: title });
    return new Card(this.page.getByRole("region", { name: "Now" }).locator(".card").filter({ has: heading }));
  }

  /** The rows of a top ten: name, first and second figure. */
  topTen(title: string): Locator {
    const heading = this.page.getByRole("heading", { name: title });
    return this.page.locator(".top-ten").filter({ has: heading }).locator("tbody tr");
  }

  /** The entry of a user; it opens. */
  entry(user: string): Entry {
    return new Entry(this.entries.filter({ has: this.page.getByText(user, { exact: true }) }));
  }
}

class Card {
  readonly value: Locator;
  readonly of: Locator;
  readonly change: Locator;

  constructor(readonly card: Locator) {
    this.value = card.locator(".card-value strong");
    this.of = card.locator(".card-value .muted");
    this.change = card.locator(".card-change");
  }
}

class Entry {
  readonly summary: Locator;
  readonly count: Locator;
  readonly when: Locator;
  readonly what: Locator;
  readonly dot: Locator;
  readonly uses: Locator;

  constructor(readonly entry: Locator) {
    this.summary = entry.locator("summary");
    this.count = entry.locator(".entry-count");
    this.when = entry.locator(".entry-when");
    this.what = entry.locator(".entry-what");
    this.dot = entry.locator(".dot");
    this.uses = entry.locator(".uses > li");
  }
}
