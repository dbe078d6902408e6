import { Skeleton } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import type { ConversationTurn } from "@/api/types";
import { ApiProblem } from "@/shared/api/problem";
import { EarlierPageButton } from "@/shared/ui/EarlierPageButton";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import classes from "./Conversation.module.css";
import { useConversation } from "./get-conversation";
import { TURN_STATE } from "./turn-states";

interface ConversationProps {
  userId: string;
  search?: string;
  /** Only the turns before and after this one; its own draft is somebody else's to show. */
  about?: string;
  /** The link to the case about a reply. */
  renderCaseLink?: (caseId: string, content: ReactNode) => ReactNode;
}

/** What a user wrote and was answered, oldest first. Texts are data, shown as they are. */
export function Conversation({ userId, search = "", about, renderCaseLink }: ConversationProps) {
  const conversation = useConversation(userId, search);
  const list = useRef<HTMLOListElement>(null);
  const items = conversation.data?.items ?? [];
  const newest = items.at(-1);
  const end = newest === undefined ? "" : `${newest.turn_id} ${newest.state}`;
  // What is new stands at the end, and is what one wants to see.
  useEffect(() => {
    const shown = list.current;
    if (shown !== null) shown.scrollTop = shown.scrollHeight;
  }, [end]);
  if (conversation.isPending) return <Skeleton height={120} />;
  const nobody =
    conversation.error instanceof ApiProblem && conversation.error.id === "conversation-not-found";
  if (nobody) return <EmptyState title="Nothing was written yet" />;
  if (conversation.isError && conversation.data === undefined) {
    return (
      <ErrorState
        error={conversation.error}
        onRetry={() => void conversation.refetch()}
        retrying={conversation.isFetching}
      />
    );
  }
  if (items.length === 0) {
    return search === "" ? (
      <EmptyState title="Nothing was written yet, or all of it was erased" />
    ) : (
      <EmptyState title="No message and no reply has these words" />
    );
  }
  return (
    <>
      <EarlierPageButton what="messages" list={conversation} />
      <ol ref={list} className={classes["turns"]} aria-label={`Conversation with ${userId}`} tabIndex={0}>
        {items.map((turn) => (
          <Turn
            key={turn.turn_id}
            turn={turn}
            current={turn.turn_id === about}
            {...(renderCaseLink && { renderCaseLink })}
          />
        ))}
      </ol>
    </>
  );
}

interface TurnProps {
  turn: ConversationTurn;
  current: boolean;
  renderCaseLink?: (caseId: string, content: ReactNode) => ReactNode;
}

function Turn({ turn, current, renderCaseLink }: TurnProps) {
  const { label, open } = TURN_STATE[turn.state];
  return (
    <li className={classes["turn"]} data-current={current || undefined}>
      <div className={classes["message"]}>
        <p className={classes["text"]}>{turn.message}</p>
        <span className={classes["meta"]}>
          {turn.user_id} <Time at={turn.received_at} format="day" />
          {current && <Tag tone="accent">This message</Tag>}
        </span>
      </div>
      <div className={classes["reply"]} data-state={turn.state} aria-live={open ? "polite" : undefined}>
        {turn.reply === null ? (
          <p className={classes["phase"]}>{label}</p>
        ) : (
          <p className={classes["text"]}>{turn.reply}</p>
        )}
        <span className={classes["meta"]}>
          {turn.replied_at !== null && (
            <>
              Assistant <Time at={turn.replied_at} format="day" />
            </>
          )}
          {turn.state !== "sent" && !open && <Tag tone="warn">{label}</Tag>}
          {turn.reviewed && <Tag tone="good">Approved by a person</Tag>}
          {turn.case_id !== null && renderCaseLink?.(turn.case_id, open ? "Decide about it" : "Its review")}
        </span>
      </div>
    </li>
  );
}
