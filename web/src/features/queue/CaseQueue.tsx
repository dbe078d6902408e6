import { Checkbox } from "@mantine/core";
import type { CasePage, CaseSummary } from "@/api/types";
import { ErrorState } from "@/shared/ui/States";
import type { QueueQuery } from "@/shared/queue/query";
import classes from "./CaseQueue.module.css";
import { CaseRow } from "./CaseRow";
import { EmptyQueue, QueueSkeleton } from "./QueueStates";
import { useCasePage } from "./list-cases";
import { Pager } from "./Pager";
import type { Selection } from "./use-selection";
import { useCursorPages } from "./use-cursor-pages";

interface CaseQueueProps {
  query: QueueQuery;
  threshold: number | undefined;
  /** Missing for people who may change nothing. */
  selection?: Selection | undefined;
}

/** One page of the cases that were asked for. */
export function CaseQueue({ query, threshold, selection }: CaseQueueProps) {
  const paging = useCursorPages(query);
  const cases = useCasePage(query, paging.cursor);

  if (cases.isPending) return <QueueSkeleton />;
  if (cases.data === undefined) {
    return (
      <ErrorState
        error={cases.error}
        onRetry={() => (paging.cursor === null ? void cases.refetch() : paging.first())}
        retrying={cases.isFetching}
      />
    );
  }
  if (cases.data.items.length === 0 && paging.page === 0) return <EmptyQueue query={query} />;
  return (
    <>
      {cases.isRefetchError && (
        <p className={classes["stale"]} role="status">
          This list could not be refreshed. It shows what was known before.
        </p>
      )}
      <Rows page={cases.data} threshold={threshold} selection={selection} fading={cases.isPlaceholderData} />
      <Pager page={cases.data} paging={paging} loading={cases.isPlaceholderData} />
    </>
  );
}

interface RowsProps {
  page: CasePage;
  threshold: number | undefined;
  selection: Selection | undefined;
  fading: boolean;
}

function Rows({ page, threshold, selection, fading }: RowsProps) {
  const onSelect =
    selection &&
    ((item: CaseSummary, chosen: boolean, range: boolean) =>
      selection.toggle(item, chosen, range, page.items));
  return (
    <table className={classes["table"]} data-selectable={selection !== undefined} aria-busy={fading}>
      <thead>
        <tr>
          {selection !== undefined && (
            <th scope="col" className={classes["select"]}>
              <SelectAll items={page.items} selection={selection} />
            </th>
          )}
          <th scope="col" className={classes["risk"]}>
            Risk
          </th>
          <th scope="col">Case</th>
          <th scope="col" className={classes["status"]}>
            State
          </th>
          <th scope="col" className={classes["who"]}>
            Assignee
          </th>
          <th scope="col" className={classes["due"]}>
            Due in
          </th>
          <th scope="col" className={classes["age"]}>
            Opened
          </th>
        </tr>
      </thead>
      <tbody>
        {page.items.map((item) => (
          <CaseRow
            key={item.case_id}
            item={item}
            threshold={threshold}
            selected={selection?.chosen.has(item.case_id) ?? false}
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </table>
  );
}

function SelectAll({ items, selection }: { items: readonly CaseSummary[]; selection: Selection }) {
  const count = items.filter(({ case_id }) => selection.chosen.has(case_id)).length;
  return (
    <Checkbox
      size="xs"
      checked={count > 0 && count === items.length}
      indeterminate={count > 0 && count < items.length}
      onChange={(event) => selection.setAll(items, event.currentTarget.checked)}
      aria-label="Select every case of this page"
    />
  );
}
