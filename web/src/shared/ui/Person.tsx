import { useActorName, useIdentity } from "@/shared/api/session";
import { Avatar } from "./Avatar";
import classes from "./Person.module.css";

/** A person by face and name; "You" for whoever reads it. */
export function Person({ subject, size = 20 }: { subject: string; size?: number }) {
  const name = useActorName()(subject);
  const mine = useIdentity()?.subject === subject;
  return (
    <span className={classes["person"]} title={name}>
      <Avatar subject={subject} name={name} size={size} />
      <span className={classes["name"]}>{mine ? "You" : name}</span>
    </span>
  );
}
