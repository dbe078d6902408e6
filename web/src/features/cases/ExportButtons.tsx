import { mayActAs, useIdentity } from "@/shared/api/session";
import { type Download, DownloadMenu } from "@/shared/ui/DownloadMenu";

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
  // Files hold personal data as it is.
  if (!mayActAs(useIdentity(), "analyst")) return null;
  return <DownloadMenu downloads={[...exports(url), ...reports(url)]} variant="default" width={230} />;
}
