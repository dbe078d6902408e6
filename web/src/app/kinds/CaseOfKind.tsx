import type { AnyCase } from "@/api/types";
import { FraudCase, fraudTitle } from "./FraudCase";
import { HeldReply, replyTitle } from "./HeldReply";

/** The page of a case by its kind: a further kind is a component here. */
export function CaseOfKind({ view, outdated }: { view: AnyCase; outdated: boolean }) {
  switch (view.kind) {
    case "fraud":
      return <FraudCase view={view} outdated={outdated} />;
    case "reply":
      return <HeldReply view={view} outdated={outdated} />;
  }
}

/** What a case is about, and whom. */
export function titleOf(view: AnyCase): { what: string; whom: string | null } {
  switch (view.kind) {
    case "fraud":
      return fraudTitle(view);
    case "reply":
      return replyTitle(view);
  }
}
