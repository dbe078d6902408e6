import { type QueueQuery, toApiQuery } from "@/shared/queue/query";
import { DownloadMenu } from "@/shared/ui/DownloadMenu";

const FORMATS = [
  { format: "csv", label: "CSV, for spreadsheets" },
  { format: "jsonl", label: "JSON Lines, for programs" },
] as const;

/** The whole list as a file, however many pages it has. The server writes cases in the order of their opening. */
function exportUrl(query: QueueQuery, format: string): string {
  const { state, ...filters } = toApiQuery(query);
  const asked = new URLSearchParams({ format });
  for (const each of state) asked.append("state", each);
  for (const [name, value] of Object.entries(filters)) {
    if (name !== "sort") asked.append(name, String(value));
  }
  return `/api/exports/cases?${asked.toString()}`;
}

/** Saves every case that passes the filters. */
export function ExportMenu({ query }: { query: QueueQuery }) {
  const downloads = FORMATS.map(({ format, label }) => ({ href: exportUrl(query, format), label }));
  return (
    <DownloadMenu
      downloads={downloads}
      variant="subtle"
      width={210}
      title="Every case of this list in one file"
    />
  );
}
