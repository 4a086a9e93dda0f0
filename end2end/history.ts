import type { UsageEvent } from "./server";

/** Uses of an activity at noon (UTC) of a day. */
export function uses(day: string, module: string, action: string, count: number, user = "lisa"): UsageEvent {
  return { account: "acme", user, module, action, count, time: `${day}T12:00:00Z` };
}

/** Makes every period of 90 days complete, and the one before it too, seen from late November 2026. */
export const FIRST_EVENT = uses("2026-05-20", "Archive", "Open", 1);

/**
 * Two weeks seen from Monday, 23 November 2026: each way an activity can change from 9–15 to 16–22 November. In the
 * order of the column Change, descending: module, action, actions, before, change.
 */
export const TWO_WEEKS = [
  ["Board", "Create", 5, 0, "New"],
  ["Dashboard", "View", 30, 2, ">999 %"],
  ["Dashboard", "Export", 9, 8, "+12.5 %"],
  ["Report", "View", 6, 6, "0.0 %"],
  ["Search", "Find", 4, 10, "−60.0 %"],
  ["Report", "Print", 0, 7, "−100 %, Stopped"],
] as const;

export function twoWeeks(): UsageEvent[] {
  return TWO_WEEKS.flatMap(([module, action, actions, before]) => [
    ...(before > 0 ? [uses("2026-11-10", module, action, before)] : []),
    ...(actions > 0 ? [uses("2026-11-18", module, action, actions)] : []),
  ]);
}
