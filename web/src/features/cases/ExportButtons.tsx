import { Button, Menu } from "@mantine/core";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { ChevronDownIcon, DownloadIcon } from "@/shared/ui/icons";

interface Download {
  href: string;
  label: string;
  title: string;
}

const exports = (caseUrl: string): Download[] => [
  {
    href: `${caseUrl}/export?format=json`,
    label: "Everything, JSON",
    title: "Everything about this case, verifiable offline",
  },
  { href: `${caseUrl}/export?format=html`, label: "Everything, to print", title: "To be read or printed" },
];

const reports = (caseUrl: string): Download[] => [
  {
    href: `${caseUrl}/regulatory-report?format=html`,
    label: "Regulatory report, to print",
    title: "Subject, activity, amounts, narrative with cited evidence, decision",
  },
  {
    href: `${caseUrl}/regulatory-report?format=json`,
    label: "Regulatory report, JSON",
    title: "The same for programs",
  },
];

/** The whole case as one file, and the form for authorities. */
export function ExportButtons({ caseId }: { caseId: string }) {
  const url = `/api/cases/${encodeURIComponent(caseId)}`;
  const working = mayActAs(useIdentity(), "analyst");
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<DownloadIcon size={13} />}
          rightSection={<ChevronDownIcon size={12} />}
        >
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {[...exports(url), ...(working ? reports(url) : [])].map(({ href, label, title }) => (
          <Menu.Item key={href} component="a" href={href} title={title} download>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
