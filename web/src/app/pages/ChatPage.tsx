import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Link, getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { usePageTitle } from "@/app/use-page-title";
import { Conversation } from "@/features/chat/Conversation";
import { MessageForm } from "@/features/chat/MessageForm";
import { UserList } from "@/features/chat/UserList";
import { UserPanel } from "@/features/chat/UserPanel";
import { PersonalDataToggle } from "@/features/personal-data/PersonalDataToggle";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState } from "@/shared/ui/States";
import classes from "./ChatPage.module.css";

const route = getRouteApi("/chat");
const TYPING_MS = 250;
/** As the API takes it: no blanks, no slashes, nothing that cannot be seen. */
const USER_ID = /^[^\s/\p{C}]{1,128}$/u;

/** Conversations of customers with the assistant; and a way to write as one of them. */
export function ChatPage() {
  const { user } = route.useSearch();
  usePageTitle(user === undefined ? "Chat" : `Chat with ${user}`);
  return (
    <div className={classes["page"]}>
      <h1>Chat</h1>
      <div className={classes["columns"]}>
        <div className={classes["side"]}>
          <NewUserForm />
          <UserList
            chosen={user}
            renderLink={({ user_id }, content) => (
              <Link to="/chat" search={{ user: user_id }}>
                {content}
              </Link>
            )}
          />
        </div>
        {user === undefined ? (
          <EmptyState title="Choose a user, or write as a new one">
            The assistant answers at once, unless a person has to look at its reply first.
          </EmptyState>
        ) : (
          <ConversationOf key={user} user={user} />
        )}
      </div>
    </div>
  );
}

function ConversationOf({ user }: { user: string }) {
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), TYPING_MS);
  const working = mayActAs(useIdentity(), "analyst");
  return (
    <>
      <Panel
        title={user}
        aside={
          <TextInput
            aria-label="Search this conversation"
            placeholder="Search"
            size="xs"
            maxLength={200}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        }
      >
        <PersonalDataToggle userId={user} />
        <Conversation
          userId={user}
          search={search}
          renderCaseLink={(caseId, content) => (
            <Link to="/cases/$caseId" params={{ caseId }}>
              {content}
            </Link>
          )}
        />
        {working && <MessageForm userId={user} />}
      </Panel>
      <UserPanel userId={user} />
    </>
  );
}

function NewUserForm() {
  const navigate = route.useNavigate();
  const [id, setId] = useState("");
  const [wrong, setWrong] = useState(false);
  return (
    <form
      noValidate
      className={classes["newUser"]}
      onSubmit={(event) => {
        event.preventDefault();
        const fits = USER_ID.test(id);
        setWrong(!fits);
        if (!fits) return;
        setId("");
        void navigate({ search: { user: id } });
      }}
    >
      <TextInput
        label="Write as"
        placeholder="bob"
        size="xs"
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
        error={wrong && "Give 1 to 128 characters without blanks or slashes."}
      />
      <Button type="submit" size="xs" variant="default">
        Open
      </Button>
    </form>
  );
}
