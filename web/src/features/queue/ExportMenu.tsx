import { Button, Menu } from "@mantine/core";
import { type QueueQuery, toApiQuery } from "@/shared/queue/query";
import { ChevronDownIcon, DownloadIcon } from "@/shared/ui/icons";

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
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<DownloadIcon size={13} />}
          rightSection={<ChevronDownIcon size={12} />}
          title="Every case of this list in one file"
        >
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map(({ format, label }) => (
          <Menu.Item key={format} component="a" href={exportUrl(query, format)} download>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
