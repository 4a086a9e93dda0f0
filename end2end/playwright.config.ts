import { defineConfig } from "@playwright/test";

// Specs start their own servers, so none is started here. `cargo xtask test browser` builds them and says where they
// are: USAGE_MONITOR (the program), USAGE_MONITOR_CONTROLLED (a server with a clock that tests set), CHROMIUM.
const browser = {
  browserName: "chromium" as const,
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
};

// What holds only without JavaScript is in *.nojs.spec.ts; what holds either way is tagged @nojs.
const onlyWithout = /\.nojs\.spec\.ts/;
const without = /@nojs|\.nojs\.spec\.ts/;

export default defineConfig({
  testMatch: "**/*.spec.ts",
  forbidOnly: Boolean(process.env.CI),
  fullyParallel: true,
  reporter: [["list"]],
  workers: 2,
  // Where a page asks a moment later than a test expects, its own next tick still comes in time.
  expect: { timeout: 15_000 },
  use: { locale: "en-GB", timezoneId: "UTC", trace: "retain-on-failure" },
  projects: [
    { name: "chromium", testIgnore: onlyWithout, use: browser },
    { name: "no-javascript", grep: without, use: { ...browser, javaScriptEnabled: false } },
  ],
});
