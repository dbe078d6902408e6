import { Link } from "@tanstack/react-router";

export const CaseLink = ({ id }: { id: string }) => (
  <Link to="/cases/$caseId" params={{ caseId: id }}>
    <code>{id}</code>
  </Link>
);
