import { Button, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import type { ChatUser } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { errorMessage } from "@/shared/api/problem";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { useUsers } from "./list-users";
import classes from "./UserList.module.css";

const TYPING_MS = 250;

interface UserListProps {
  chosen: string | undefined;
  /** The link to the conversation with a user. */
  renderLink: (user: ChatUser, content: ReactNode) => ReactNode;
}

/** Who has written, whoever wrote last first. */
export function UserList({ chosen, renderLink }: UserListProps) {
  const [typed, setTyped] = useState("");
  const [startsWith] = useDebouncedValue(typed.trim(), TYPING_MS);
  const users = useUsers(startsWith);
  return (
    <Panel title="Users" flush>
      <div className={classes["search"]}>
        <TextInput
          aria-label="Find a user"
          placeholder="Begin of a user id"
          size="xs"
          maxLength={128}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      {users.isPending && <Skeleton height={80} />}
      {users.isError && users.data === undefined && (
        <ErrorState error={users.error} onRetry={() => void users.refetch()} retrying={users.isFetching} />
      )}
      {users.data?.length === 0 && (
        <EmptyState title={startsWith === "" ? "Nobody has written yet" : "Nobody's id begins like this"} />
      )}
      {users.data !== undefined && users.data.length > 0 && (
        <ul className={classes["list"]} aria-label="Users, whoever wrote last first">
          {users.data.map((user) => (
            <li key={user.user_id} data-chosen={user.user_id === chosen || undefined}>
              {renderLink(user, <UserLine user={user} />)}
            </li>
          ))}
        </ul>
      )}
      {users.isFetchNextPageError && <p role="alert">{errorMessage(users.error)}</p>}
      {users.hasNextPage && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => void users.fetchNextPage()}
          loading={users.isFetchingNextPage}
        >
          Show more users
        </Button>
      )}
    </Panel>
  );
}

function UserLine({ user }: { user: ChatUser }) {
  return (
    <>
      <strong>{user.user_id}</strong>
      <span className={classes["about"]}>
        {user.customer_id !== null && <>Customer {user.customer_id} · </>}
        {formatNumber(user.turns)} {user.turns === 1 ? "message" : "messages"}
        {user.last_message_at !== null && (
          <>
            {" · "}
            <Time at={user.last_message_at} format="day" />
          </>
        )}
      </span>
    </>
  );
}
