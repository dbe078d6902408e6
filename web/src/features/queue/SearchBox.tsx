import { TextInput } from "@mantine/core";
import { useDebouncedCallback, useHotkeys } from "@mantine/hooks";
import { useRef, useState } from "react";
import { SearchIcon } from "@/shared/ui/icons";
import classes from "./FilterBar.module.css";

const PAUSE_MS = 250;
const LONGEST = 200;

interface SearchBoxProps {
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** Words to look for in descriptions and notes. `/` leads here. */
export function SearchBox({ value = "", onChange }: SearchBoxProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [sent, setSent] = useState(value);
  if (value !== sent) {
    // Somebody else changed it: a view was picked, or the filters were cleared.
    setSent(value);
    setText(value);
  }
  const send = useDebouncedCallback((words: string) => {
    const next = words.trim();
    setSent(next);
    onChange(next === "" ? undefined : next);
  }, PAUSE_MS);
  useHotkeys([["/", () => input.current?.focus()]]);
  return (
    <TextInput
      ref={input}
      size="xs"
      type="search"
      className={classes["search"] ?? ""}
      placeholder="Search descriptions and notes"
      aria-label="Search descriptions and notes"
      leftSection={<SearchIcon size={14} />}
      rightSection={text === "" && <kbd className={classes["key"]}>/</kbd>}
      maxLength={LONGEST}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
    />
  );
}
