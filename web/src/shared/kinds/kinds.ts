import type { CaseKind, CaseSummary } from "@/api/types";
import { humanise } from "@/shared/format/labels";

/** What lists say of a kind of case. */
interface KindWords {
  label: string;
  /** What a case is about, and whom. */
  title: (item: CaseSummary) => { what: string; whom: string | null };
}

/** Every kind of case; the page of each is in `app/kinds`. */
export const KINDS: Record<CaseKind, KindWords> = {
  fraud: {
    label: "Fraud",
    title: ({ alert_type, customer_id }) => ({
      what: humanise(alert_type ?? "fraud"),
      whom: customer_id === null ? null : `Customer ${customer_id}`,
    }),
  },
  reply: {
    label: "Reply",
    title: ({ description, customer_id }) => ({
      what: description,
      whom: customer_id === null ? null : `Customer ${customer_id}`,
    }),
  },
};

export const CASE_KINDS = Object.keys(KINDS) as readonly CaseKind[];

/** A case in one line. */
export function caseTitle(item: CaseSummary): string {
  const { what, whom } = KINDS[item.kind].title(item);
  return whom === null ? what : `${what} · ${whom}`;
}
