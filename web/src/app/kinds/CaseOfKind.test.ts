import { expect, test } from "vitest";
import { CASE_KINDS, caseTitle } from "@/shared/kinds/kinds";
import { matchesQuery } from "@/shared/queue/query-match";
import { parseQueueQuery } from "@/shared/queue/query";
import { caseView, replyCase, summary } from "@/test/fixtures";
import { titleOf } from "./CaseOfKind";

test("page and list call a case the same", () => {
  expect(titleOf(caseView())).toEqual({ what: "Impossible travel", whom: "Customer 42" });
  expect(titleOf(replyCase())).toEqual({ what: "Reply to bob", whom: null });
  expect(caseTitle(summary(7))).toBe("Spending spike · Customer 7");
  const reply = { kind: "reply", alert_type: null, customer_id: null, description: "Reply to bob" } as const;
  expect(caseTitle(summary(7, reply))).toBe("Reply to bob");
});

test("queue is filtered by kind", () => {
  expect(CASE_KINDS).toEqual(["fraud", "reply"]);
  expect(parseQueueQuery({ kind: "reply" })).toEqual({ kind: "reply" });
  expect(parseQueueQuery({ kind: "other" })).toEqual({});
  expect(matchesQuery({ kind: "reply" }, summary(1), "ana", 0)).toBe(false);
  expect(matchesQuery({ kind: "reply" }, summary(1, { kind: "reply" }), "ana", 0)).toBe(true);
});
