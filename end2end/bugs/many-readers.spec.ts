import { expect, test } from "../fixtures";

// The title was written after the signals of the page were gone, if another request came in between.
test("of many readers at once, each gets the page", async ({ server, request }) => {
  await server.send({ account: "acme", user: "lisa", module: "Board", action: "Edit" });
  for (const path of ["/", "/activities"]) {
    const answers = await Promise.all(Array.from({ length: 150 }, () => request.get(path)));
    expect(answers.filter((answer) => answer.status() !== 200)).toEqual([]);
    expect(await answers[0]?.text()).toContain("· Usage Monitor</title>");
  }
});
