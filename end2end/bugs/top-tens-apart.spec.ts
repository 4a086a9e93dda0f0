import { expect, test } from "../fixtures";
import { FIRST_EVENT } from "../history";

// A screen taller than the top tens are, beside a stream that is as tall as the screen.
test.use({ viewport: { width: 1440, height: 2400 } });

test("on a tall screen the top tens stay as close above each other as beside each other", async ({ server, today, page }) => {
  const users = Array.from({ length: 60 }, (_, index) => ({
    account: `a${index}`,
    user: `u${index}`,
    module: "Board",
    action: "Edit",
    time: server.ago({ minutes: 1 }),
  }));
  await server.send(FIRST_EVENT, ...users);
  await today.open();
  const boxes = await page.locator(".top-ten").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
  const [accounts, otherAccounts, modules] = boxes as DOMRect[];
  if (!accounts || !otherAccounts || !modules) throw new Error("there are four top tens");
  const below = modules.top - Math.max(accounts.bottom, otherAccounts.bottom);
  expect(below).toBeCloseTo(otherAccounts.left - accounts.right, 0);
});
