import classes from "./Avatar.module.css";

const HUES = ["petrol", "plum", "amber", "moss", "slate", "rose"] as const;

interface AvatarProps {
  subject: string;
  name: string;
  size?: number;
}

/** A person as a coloured initial, the same colour everywhere. Decorative: the name is beside it or in the title. */
export function Avatar({ subject, name, size = 22 }: AvatarProps) {
  const sum = Array.from(subject).reduce(
    (total, letter, index) => total + letter.charCodeAt(0) * (index + 2),
    0,
  );
  const hue = HUES[sum % HUES.length];
  return (
    <span
      className={classes["avatar"]}
      data-hue={hue}
      style={{ width: size, height: size, fontSize: Math.round(size * 0.42) }}
      aria-hidden="true"
    >
      {name.charAt(0).toUpperCase()}
    </span>
  );
}
