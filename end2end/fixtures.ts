import { expect, test as base } from "@playwright/test";
import { Complaints } from "./complaints";
import { ActivitiesPage } from "./pages/activities";
import { Frame } from "./pages/frame";
import { KeysPage } from "./pages/keys";
import { MembersPages } from "./pages/members";
import { PrivacyPage } from "./pages/privacy";
import { QualityPage } from "./pages/quality";
import { TeamsPage } from "./pages/teams";
import { TodayPage } from "./pages/today";
import { TrackingPage } from "./pages/tracking";
import { Server, type Settings } from "./server";
import { Time } from "./time";

interface Fixtures extends Settings {
  /** A server with an empty database, for this test alone. */
  server: Server;
  /** Fails the test on whatever no page may do. */
  complaints: Complaints;
  time: Time;
  /** What is on every page. */
  frame: Frame;
  today: TodayPage;
  activities: ActivitiesPage;
  quality: QualityPage;
  members: MembersPages;
  keys: KeysPage;
  teams: TeamsPage;
  tracking: TrackingPage;
  privacy: PrivacyPage;
}

export const test = base.extend<Fixtures>({
  zone: ["UTC", { option: true }],
  start: ["2026-11-23T12:00:00Z", { option: true }],
  demo: [false, { option: true }],
  signIn: [false, { option: true }],
  issuer: ["", { option: true }],

  server: async ({ zone, start, demo, signIn, issuer }, use) => {
    const server = await Server.start({ zone, start, demo, signIn, issuer });
    await use(server);
    await server.stop();
  },
  baseURL: async ({ server }, use) => use(server.origin),
  complaints: [
    async ({ context, server, javaScriptEnabled }, use) => {
      const complaints = new Complaints(context, server.origin, javaScriptEnabled ?? true);
      await use(complaints);
      expect(complaints.unexpected).toEqual([]);
    },
    { auto: true },
  ],
  page: async ({ page, server, javaScriptEnabled }, use) => {
    if (javaScriptEnabled) {
      await page.clock.install({ time: server.now });
      await page.addInitScript(noticeTakeover);
    }
    await use(page);
  },
  time: async ({ server, page, javaScriptEnabled }, use) => use(new Time(server, page, javaScriptEnabled ?? true)),
  frame: async ({ page, javaScriptEnabled }, use) => use(new Frame(page, javaScriptEnabled ?? true)),
  today: async ({ page, frame }, use) => use(new TodayPage(page, frame)),
  activities: async ({ page, frame }, use) => use(new ActivitiesPage(page, frame)),
  quality: async ({ page, frame }, use) => use(new QualityPage(page, frame)),
  members: async ({ page, frame, server }, use) => use(new MembersPages(page, frame, server)),
  keys: async ({ page, frame }, use) => use(new KeysPage(page, frame)),
  teams: async ({ page, frame, javaScriptEnabled }, use) => use(new TeamsPage(page, frame, javaScriptEnabled ?? true)),
  tracking: async ({ page, frame }, use) => use(new TrackingPage(page, frame)),
  privacy: async ({ page, frame }, use) => use(new PrivacyPage(page, frame)),
});

export { expect };

/** Until the page has taken over what the server rendered, its buttons do nothing. Then it listens for keys. */
function noticeTakeover(): void {
  const listen = window.addEventListener.bind(window);
  window.addEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: AddEventListenerOptions | boolean,
  ) => {
    if (type === "keydown") window.takenOver = true;
    listen(type, listener, options);
  };
}

declare global {
  interface Window {
    takenOver?: boolean;
  }
}
