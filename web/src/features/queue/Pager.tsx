import { Button } from "@mantine/core";
import type { CasePage } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import classes from "./CaseQueue.module.css";
import { PAGE_SIZE } from "./list-cases";
import type { CursorPages } from "./use-cursor-pages";

interface PagerProps {
  page: CasePage;
  paging: CursorPages;
  loading: boolean;
}

/** Which part of the list is on screen, and the way to the next. */
export function Pager({ page, paging, loading }: PagerProps) {
  const { next_cursor: next } = page;
  const from = paging.page * PAGE_SIZE + 1;
  const to = from + page.items.length - 1;
  return (
    <nav className={classes["pager"]} aria-label="Pages of the list">
      <span className={`tabular ${classes["range"] ?? ""}`} role="status">
        {page.items.length === 0 ? "No more cases" : `${formatNumber(from)}–${formatNumber(to)}`}
        {page.total !== null && ` of ${formatNumber(page.total)}`}
      </span>
      {(paging.page > 0 || next !== null) && (
        <>
          <Button size="compact-sm" variant="default" onClick={paging.back} disabled={paging.page === 0}>
            Previous
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => next !== null && paging.forward(next)}
            disabled={next === null}
            loading={loading}
          >
            Next page
          </Button>
        </>
      )}
    </nav>
  );
}
