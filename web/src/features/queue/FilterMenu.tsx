import { Button, Menu } from "@mantine/core";
import type { ReactNode } from "react";
import { ChevronDownIcon } from "@/shared/ui/icons";
import classes from "./FilterBar.module.css";

interface FilterMenuProps {
  label: string;
  /** What is chosen, in words; undefined while everything is let through. */
  value: string | undefined;
  children: ReactNode;
  /** Shows its value without being marked as set. */
  quiet?: boolean;
}

/** One filter: a button with the chosen value, and a menu of values. */
export function FilterMenu({ label, value, children, quiet = false }: FilterMenuProps) {
  return (
    <Menu position="bottom-start" width={200}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          className={classes["filter"] ?? ""}
          data-set={value !== undefined && !quiet}
          rightSection={<ChevronDownIcon size={12} />}
        >
          {value === undefined ? (
            label
          ) : (
            <>
              <span className={classes["name"]}>{label}:&nbsp;</span>
              {value}
            </>
          )}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  any: string;
  choices: readonly { value: T; label: string }[];
  value: T | undefined;
  onChange: (value: T | undefined) => void;
  /** The default order counts as no filter: there is always an order. */
  always?: boolean;
}

const ANY = "";

/** A filter with one choice among several. */
export function ChoiceMenu<T extends string>({
  label,
  any,
  choices,
  value,
  onChange,
  always = false,
}: ChoiceProps<T>) {
  const chosen = choices.find((choice) => choice.value === value);
  return (
    <FilterMenu label={label} value={chosen?.label ?? (always ? any : undefined)} quiet={always}>
      <Menu.RadioGroup
        value={value ?? ANY}
        onChange={(next) => onChange(choices.find((choice) => choice.value === next)?.value)}
      >
        <Menu.RadioItem value={ANY}>{any}</Menu.RadioItem>
        {choices.map((choice) => (
          <Menu.RadioItem key={choice.value} value={choice.value}>
            {choice.label}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </FilterMenu>
  );
}
