import { type QueueQuery, SORTS, type Sort } from "@/shared/queue/query";
import { ChoiceMenu } from "./FilterMenu";
import { withChanges } from "./query-changes";

const SORT: Record<Sort, string> = {
  "-opened": "Newest first",
  opened: "Oldest first",
  due: "Most urgent first",
  "-due": "Least urgent first",
  "-score": "Highest risk first",
  score: "Lowest risk first",
  "-updated": "Last changed first",
  updated: "Longest untouched first",
};

interface OrderMenuProps {
  query: QueueQuery;
  onChange: (query: QueueQuery) => void;
}

/** In which order the list is shown. */
export function OrderMenu({ query, onChange }: OrderMenuProps) {
  return (
    <ChoiceMenu
      label="Sort"
      any={SORT["-opened"]}
      choices={SORTS.slice(1).map((value) => ({ value, label: SORT[value] }))}
      value={query.sort}
      onChange={(sort) => onChange(withChanges(query, { sort }))}
      always
    />
  );
}
