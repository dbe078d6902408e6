import { Button } from "@mantine/core";
import { DownloadIcon } from "@/shared/ui/icons";

const exportUrl = (caseId: string, format: "json" | "html"): string =>
  `/api/cases/${encodeURIComponent(caseId)}/export?format=${format}`;

/** The whole case as one file: JSON for machines, HTML to read or print. */
export function ExportButtons({ caseId }: { caseId: string }) {
  return (
    <Button.Group>
      <Button
        component="a"
        href={exportUrl(caseId, "json")}
        download
        size="compact-sm"
        variant="default"
        leftSection={<DownloadIcon size={13} />}
        title="Everything about this case, verifiable offline"
      >
        Export JSON
      </Button>
      <Button
        component="a"
        href={exportUrl(caseId, "html")}
        download
        size="compact-sm"
        variant="default"
        title="To be read or printed"
      >
        HTML
      </Button>
    </Button.Group>
  );
}
