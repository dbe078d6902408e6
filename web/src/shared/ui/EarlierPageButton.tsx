import { Button } from "@mantine/core";
import { errorMessage } from "@/shared/api/problem";

interface EarlierPageButtonProps {
  what: string;
  list: {
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    isFetchNextPageError: boolean;
    error: Error | null;
    fetchNextPage: () => unknown;
  };
}

/** Leads from the newest page of a list to what was before it; nothing when all of it is shown. */
export function EarlierPageButton({ what, list }: EarlierPageButtonProps) {
  if (!list.hasNextPage) return null;
  return (
    <>
      {list.isFetchNextPageError && <p role="alert">{errorMessage(list.error)}</p>}
      <Button
        size="compact-sm"
        variant="subtle"
        onClick={() => void list.fetchNextPage()}
        loading={list.isFetchingNextPage}
      >
        Show earlier {what}
      </Button>
    </>
  );
}
