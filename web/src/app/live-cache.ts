import type { QueryClient } from "@tanstack/react-query";
import type {
  CaseEvent,
  CasePage,
  CaseSummary,
  FraudCaseView,
  TurnMessage,
  Specialist,
  SpecialistState,
} from "@/api/types";
import { keys } from "@/shared/api/keys";
import { matchesQuery, compareBy } from "@/shared/queue/query-match";
import type { QueueQuery } from "@/shared/queue/query";
import type { FeedMessage } from "@/shared/live/connection";

/** A page that live cases have made longer or shorter than this is fetched again instead. */
const LONGEST_PAGE = 90;
const SHORTEST_PAGE = 20;

/** One page of one list as it lies in the cache. */
export interface CachedPage {
  query: QueueQuery;
  cursor: string | null;
  page: CasePage;
}

/** Who is looking, and when: both decide what belongs to a list. */
export interface Viewer {
  me: string;
  now: number;
}

/** The page with `summary` as it is now: replaced, moved, added or gone. The same page when nothing changed. */
export function applySummary(listed: CachedPage, summary: CaseSummary, { me, now }: Viewer): CasePage {
  const { query, page } = listed;
  const known = page.items.find((item) => item.case_id === summary.case_id);
  if (known !== undefined && known.last_seq > summary.last_seq) return page;
  const compare = compareBy(query.sort);
  const wanted = matchesQuery(query, summary, me, now);
  if (known !== undefined && wanted && compare(known, summary) === 0) {
    return { ...page, items: page.items.map((item) => (item === known ? summary : item)) };
  }
  const others = known === undefined ? page : without(page, known);
  // Only the server knows whether the words that were searched for are in a case that is not listed.
  if (!wanted || (known === undefined && query.q !== undefined)) return others;
  return insert({ ...listed, page: others }, summary, compare);
}

/** Between those before and after it; what belongs above or below the page comes with another one. */
function insert(
  { page, cursor }: CachedPage,
  summary: CaseSummary,
  compare: (one: CaseSummary, other: CaseSummary) => number,
): CasePage {
  const place = page.items.findIndex((item) => compare(summary, item) <= 0);
  if (place === -1 && page.next_cursor !== null) return page;
  if (place === 0 && cursor !== null) return page;
  const items = page.items.toSpliced(place === -1 ? page.items.length : place, 0, summary);
  return { ...page, items, total: page.total === null ? null : page.total + 1 };
}

const without = (page: CasePage, gone: CaseSummary): CasePage => ({
  ...page,
  items: page.items.filter((item) => item !== gone),
  total: page.total === null ? null : page.total - 1,
});

/** The part of the case on the page that an event updates directly, until the case is fetched again. */
export function applyEvent(view: FraudCaseView, event: CaseEvent): FraudCaseView {
  if (event.seq <= view.last_seq) return view;
  const specialist = event.data["specialist"] as Specialist | undefined;
  if (event.data["round"] !== view.round || specialist === undefined) return view;
  if (event.type === "specialist_started") return withSpecialist(view, specialist, "running");
  if (event.type === "specialist_finished") {
    return withSpecialist(view, specialist, event.data["status"] as SpecialistState);
  }
  return view;
}

const withSpecialist = (
  view: FraudCaseView,
  specialist: Specialist,
  state: SpecialistState,
): FraudCaseView => ({
  ...view,
  progress: { ...view.progress, specialists: { ...view.progress.specialists, [specialist]: state } },
});

const GATHER_MS = 120;
const COUNT_MS = 2_000;

/** Updates the pages' cached data by the event stream, with as few requests as possible. */
export class LiveCache {
  readonly #queries: QueryClient;
  readonly #me: string;
  readonly #stale = new Set<string>();
  readonly #turns = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #countTimer: ReturnType<typeof setTimeout> | undefined;
  #turnTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(queries: QueryClient, me: string) {
    this.#queries = queries;
    this.#me = me;
  }

  receive(message: FeedMessage): void {
    if (message.kind === "telemetry") return;
    this.#patchLists(message.data.case);
    if (message.kind === "case") {
      const { event } = message.data;
      this.#queries.setQueryData<FraudCaseView>(
        keys.case(event.case_id),
        (view) => view && applyEvent(view, event),
      );
    }
    this.#gather(message.data.case.case_id);
    this.#countSoon();
  }

  /** A message was written, or answered: the conversation on screen is read again. */
  turnChanged(turn: TurnMessage): void {
    this.#turns.add(turn.user_id);
    if (this.#turnTimer !== undefined) return;
    this.#turnTimer = setTimeout(() => {
      this.#turnTimer = undefined;
      for (const user of this.#turns) {
        void this.#queries.invalidateQueries({ queryKey: keys.conversation(user) });
      }
      this.#turns.clear();
      void this.#queries.invalidateQueries({ queryKey: keys.users });
    }, GATHER_MS);
  }

  /**
   * Between the reading of a page and the opening of the stream, and during every gap, anything may have
   * changed: whatever is on screen is read again, what is on its way included.
   */
  catchUp(): void {
    void this.#queries.invalidateQueries({
      predicate: ({ queryKey }) => !UNTOUCHED_BY_CASES.has(queryKey[0]),
    });
  }

  /** Cancel pending work. */
  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#countTimer);
    clearTimeout(this.#turnTimer);
  }

  #patchLists(summary: CaseSummary): void {
    const viewpoint = { me: this.#me, now: Date.now() };
    for (const [key, page] of this.#queries.getQueriesData<CasePage>({ queryKey: keys.caseLists })) {
      if (page === undefined) {
        // It may have been read before this event.
        void this.#queries.invalidateQueries({ queryKey: key, exact: true, fetchStatus: "fetching" });
        continue;
      }
      const [, , query, cursor] = key as ReturnType<typeof keys.casePage>;
      const listed = { query: query as QueueQuery, cursor, page };
      const patched = applySummary(listed, summary, viewpoint);
      if (patched === page) continue;
      this.#queries.setQueryData(key, patched);
      const { length } = patched.items;
      if (length > LONGEST_PAGE || (length < SHORTEST_PAGE && patched.next_cursor !== null)) {
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

  /** Counting looks at every case: a burst of events is counted once. */
  #countSoon(): void {
    if (this.#countTimer !== undefined) return;
    this.#countTimer = setTimeout(() => {
      this.#countTimer = undefined;
      void this.#queries.invalidateQueries({ queryKey: keys.caseCounts });
      void this.#queries.invalidateQueries({ queryKey: keys.viewCounts });
    }, COUNT_MS);
  }
}

const UNTOUCHED_BY_CASES = new Set<unknown>(
  [keys.config, keys.session, keys.people, keys.rules, keys.views, keys.caseAccesses("")].map(
    ([first]) => first,
  ),
);
