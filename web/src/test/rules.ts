import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type {
  AlertSnooze,
  BackTestResult,
  BackTestSources,
  BackTestSummary,
  ComparedAlerts,
  Proportion,
  RuleParameter,
  RulePrecision,
  RuleSummary,
  RuleVersion,
  RuleView,
  Suppression,
} from "@/api/types";
import { json, serve } from "./server";

export const summary = (over: Partial<RuleSummary> = {}): RuleSummary => ({
  rule_id: "spending_spike",
  description: "One charge far above what the customer spends.",
  revision: 4,
  is_on: true,
  live_version: 1,
  shadow_version: 2,
  drafts: 1,
  alerts: 1_234,
  shadow_signals: 17,
  snoozed_signals: 0,
  failures: 0,
  changed_by: "maria",
  changed_at: "2026-11-30T00:00:00Z",
  ...over,
});

export const field = (over: Partial<RuleParameter> = {}): RuleParameter => ({
  name: "quiet_hours",
  kind: "number",
  unit: "hours",
  description: "No further alert for so long after one.",
  default: 24,
  minimum: 0,
  minimum_excluded: false,
  maximum: 8_784,
  choices: [],
  ...over,
});

export const version = (number: number, over: Partial<RuleVersion> = {}): RuleVersion => ({
  version: number,
  mode: "draft",
  content: {
    parameters: { quiet_hours: 24, min_history: 8, networks: [] },
    severity: null,
    scope: { only_customers: [], except_customers: [] },
    autonomy: [],
  },
  based_on: number === 1 ? null : 1,
  changes: [],
  created_by: number === 1 ? null : "maria",
  created_at: "2026-11-30T00:00:00Z",
  reason: "As the release has it.",
  shadow_since: null,
  live_since: null,
  problem: null,
  ...over,
});

export const view = (over: Partial<RuleView> = {}): RuleView => ({
  rule: summary(),
  fields: [
    field(),
    field({ name: "min_history", kind: "integer", unit: null, default: 8, minimum: 1, maximum: 100 }),
    field({ name: "networks", kind: "texts", unit: null, default: [], minimum: null, maximum: null }),
  ],
  versions: [
    version(3),
    version(2, {
      mode: "shadow",
      reason: "Too many false alerts.",
      changes: [{ name: "quiet_hours", before: 24, after: 12 }],
    }),
    version(1, { mode: "live" }),
  ],
  counts: [
    { rule_id: "spending_spike", version: 2, fate: "shadow", day: "2026-11-30", count: 9 },
    { rule_id: "spending_spike", version: 2, fate: "shadow", day: "2026-11-29", count: 8 },
  ],
  ...over,
});

const share = (hits: number, of: number): Proportion => ({
  hits,
  of,
  share: of === 0 ? null : hits / of,
  low: of === 0 ? null : 0.301,
  high: of === 0 ? null : 0.954,
});

export const backTest = (over: Partial<BackTestSummary> = {}): BackTestSummary => ({
  back_test_id: "bt-1",
  rule_id: "spending_spike",
  version: 3,
  compared_with: 1,
  source: { kind: "recording", recording: "week.jsonl.gz" },
  reason: "Fewer false alerts?",
  requested_by: "maria",
  requested_at: "2026-11-30T00:00:00Z",
  state: "done",
  started_at: "2026-11-30T00:00:00Z",
  ended_at: "2026-11-30T00:01:00Z",
  cancelled_by: null,
  rules_revision: 9,
  events: 40_722,
  reached_at: "2026-11-29T00:00:00Z",
  share: 1,
  problem: null,
  total: { gained: 3, lost: 2, kept: 40 },
  ...over,
});

const compared = (name: string, label: boolean | null, more = 0): ComparedAlerts => ({
  items: [
    {
      alert_id: name,
      customer_id: 7,
      raised_at: "2026-11-28T09:00:00Z",
      severity: "high",
      description: `What is ${name}.`,
      label,
    },
  ],
  more,
});

const quality = { precision: share(3, 4), recall: share(3, 5), customers: share(0, 0) };
const result: BackTestResult = {
  events: 40_722,
  skipped: 2,
  first_at: "2026-11-22T00:00:00Z",
  last_at: "2026-11-29T00:00:00Z",
  counted_from: null,
  seconds: 4.2,
  total: { gained: 3, lost: 2, kept: 40 },
  moved: 0,
  days: [
    { day: "2026-11-28", gained: 3, lost: 0, kept: 30 },
    { day: "2026-11-29", gained: 0, lost: 2, kept: 10 },
  ],
  customers: [{ customer_id: 7, gained: 2, lost: 1, kept: 3 }],
  customers_more: 12,
  gained: compared("new", true, 2),
  lost: compared("old", false, 1),
  kept: compared("both", null, 39),
  before_digest: "a",
  after_digest: "b",
  quality: { labels: "file", labelled: 815, before: quality, after: quality },
  notes: ["2 pieces of input were skipped, as in live ingestion."],
};

const precision = (over: Partial<RulePrecision> = {}): RulePrecision => ({
  rule_id: "spending_spike",
  days: 90,
  versions: [{ version: 1, precision: share(3, 4), inconclusive: 1, undecided: 20 }],
  sampled: 2_000,
  counts: view().counts,
  ...over,
});

interface Served {
  backTests?: BackTestSummary[];
  sources?: BackTestSources;
  rule?: RuleView;
  snoozes?: AlertSnooze[];
  suppressions?: Suppression[];
  onPost?: () => Response;
}

const OFFERED: BackTestSources = {
  recordings: [{ recording: "week.jsonl.gz", size: 2_048, has_labels: true }],
  live: "the telemetry stream",
  live_problem: null,
};

export const served = ({
  rule = view(),
  snoozes = [],
  suppressions = [],
  backTests = [],
  sources = OFFERED,
  onPost = () => json(rule),
}: Served = {}) =>
  serve(({ method, path }) => {
    if (path.endsWith("/precision")) return json(precision());
    if (path.endsWith("/back-tests/sources")) return json(sources);
    if (path.endsWith("/cancel")) return json({ ...backTest({ state: "cancelled" }), result: null });
    if (path.endsWith("/back-tests"))
      return method === "POST" ? json({ ...backTest(), result }, 202) : json({ items: backTests });
    if (path.includes("/back-tests/")) return json({ ...backTest(), result });
    if (path.endsWith("/snoozes") || path.endsWith("/snoozes/end")) return json({ items: snoozes });
    if (path.includes("/suppressions")) return json({ items: suppressions });
    if (method === "POST") return onPost();
    return path.endsWith("/rules") ? json({ items: [rule.rule] }) : json(rule);
  });

export const click = async (name: string | RegExp) =>
  userEvent.click(await screen.findByRole("button", { name }));

export async function giveReason(action: string): Promise<void> {
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Why/ }), "A test of ours.");
  await userEvent.click(within(dialog).getByRole("button", { name: action }));
}
