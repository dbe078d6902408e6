import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type {
  CaseEvent,
  CasePage,
  CaseState,
  CaseSummary,
  CaseView,
  Specialist,
  SpecialistState,
} from "@/api/types";
import { keys } from "@/shared/api/keys";
import type { LiveMessage } from "@/shared/live/connection";

type Pages = InfiniteData<CasePage, string | undefined>;

/** A first page that live cases have made longer than this is read anew instead. */
const LONGEST_FIRST_PAGE = 150;

/** The list with `summary` as it is now: replaced, added on top, or gone when it left the filter. */
export function applySummary(pages: Pages, filter: CaseState | "all", summary: CaseSummary): Pages {
  const known = pages.pages.flatMap((page) => page.items).find((item) => item.case_id === summary.case_id);
  if (known !== undefined && known.last_seq > summary.last_seq) return pages;
  const belongs = filter === "all" || summary.state === filter;
  if (known !== undefined) {
    return mapItems(pages, (items) =>
      belongs
        ? items.map((item) => (item.case_id === summary.case_id ? summary : item))
        : items.filter((item) => item.case_id !== summary.case_id),
    );
  }
  return belongs ? insert(pages, summary) : pages;
}

/** Newest first, by the time of opening; below the last loaded row it will come with its page. */
function insert(pages: Pages, summary: CaseSummary): Pages {
  const index = pages.pages.findIndex((page) =>
    page.items.some((item) => item.opened_at <= summary.opened_at),
  );
  const last = pages.pages.length - 1;
  if (index === -1 && pages.pages[last]?.next_cursor !== null) return pages;
  const target = index === -1 ? last : index;
  return {
    ...pages,
    pages: pages.pages.map((page, number) => {
      if (number !== target) return page;
      const place = page.items.findIndex((item) => item.opened_at <= summary.opened_at);
      return { ...page, items: page.items.toSpliced(place === -1 ? page.items.length : place, 0, summary) };
    }),
  };
}

const mapItems = (pages: Pages, change: (items: CaseSummary[]) => CaseSummary[]): Pages => ({
  ...pages,
  pages: pages.pages.map((page) => ({ ...page, items: change(page.items) })),
});

/** What an event tells about the case on the page by itself, until the case is read again. */
export function applyEvent(view: CaseView, event: CaseEvent): CaseView {
  if (event.seq <= view.last_seq) return view;
  const specialist = event.data["specialist"] as Specialist | undefined;
  if (event.data["round"] !== view.round || specialist === undefined) return view;
  if (event.type === "specialist_started") return withSpecialist(view, specialist, "running");
  if (event.type === "specialist_finished") {
    return withSpecialist(view, specialist, event.data["status"] as SpecialistState);
  }
  return view;
}

const withSpecialist = (view: CaseView, specialist: Specialist, state: SpecialistState): CaseView => ({
  ...view,
  progress: { ...view.progress, specialists: { ...view.progress.specialists, [specialist]: state } },
});

const GATHER_MS = 120;

/** Keeps what the pages show true to what the event stream says, without asking more than needed. */
export class LiveCache {
  readonly #queries: QueryClient;
  readonly #stale = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  receive(message: LiveMessage): void {
    if (message.kind === "telemetry") return;
    this.#patchLists(message.data.case);
    if (message.kind === "case") {
      const { event } = message.data;
      this.#queries.setQueryData<CaseView>(
        keys.case(event.case_id),
        (view) => view && applyEvent(view, event),
      );
    }
    this.#gather(message.data.case.case_id);
  }

  /**
   * Between the reading of a page and the opening of the stream, and during every gap, anything may have
   * changed: whatever is on screen is read again. What is on its way already is newer than the opening only
   * by luck, so it is asked anew too.
   */
  catchUp(): void {
    void this.#queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "config" });
  }

  #patchLists(summary: CaseSummary): void {
    const lists = this.#queries.getQueriesData<Pages>({ queryKey: keys.cases });
    for (const [key, pages] of lists) {
      if (pages === undefined) continue;
      const patched = applySummary(pages, key.at(-1) as CaseState | "all", summary);
      if (patched === pages) continue;
      this.#queries.setQueryData(key, patched);
      if ((patched.pages[0]?.items.length ?? 0) > LONGEST_FIRST_PAGE) {
        void this.#queries.invalidateQueries({ queryKey: key });
      }
    }
  }

  /** Events of one step come together: the case is read once for all of them. */
  #gather(caseId: string): void {
    this.#stale.add(caseId);
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const id of this.#stale) void this.#queries.invalidateQueries({ queryKey: keys.case(id) });
      this.#stale.clear();
    }, GATHER_MS);
  }
}
