import { screen } from "@testing-library/react";
import { review } from "./fixtures";
import { json } from "./server";

export const answer = (status: "accepted" | "awaiting_second_approval") =>
  json({ review_id: review(1).review_id, status, approvals_given: 1, approvals_required: 2 }, 202);

export const accepted = () => answer("accepted");

export const button = (name: string | RegExp) => screen.getByRole("button", { name });

export const decidedByBen = (round: number, verdict: "approve" | "reject") => ({
  review_id: review(round).review_id,
  assessment_hash: review(round).assessment_hash,
  verdict,
  action: verdict === "approve" ? ("lock_account" as const) : null,
  feedback: verdict === "approve" ? null : "Look again.",
  reason_code: null,
  decided_by: "ben",
  decided_at: "2026-11-21T09:00:00Z",
  disposition: null,
  comment: null,
  approvals: null,
});
