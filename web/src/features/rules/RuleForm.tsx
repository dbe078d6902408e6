import { Button, NumberInput, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import type { RuleParameter, RuleVersion, Severity } from "@/api/types";
import { SEVERITY } from "@/shared/format/labels";
import { AutonomyBands } from "./AutonomyBands";
import classes from "./Rules.module.css";
import { boundsOf, faultOf, labelOf, written } from "./words";

type Content = RuleVersion["content"];
type Value = Content["parameters"][string];

const CUSTOMER = /^[1-9]\d{0,14}$/;

interface RuleFormProps {
  fields: readonly RuleParameter[];
  base: RuleVersion;
  mayChange: boolean;
  isBusy: boolean;
  onDraft: (content: Content) => void;
}

/** What a version judges by, with units, bounds and reasons; changed, it becomes a draft. */
export function RuleForm({ fields, base, mayChange, isBusy, onDraft }: RuleFormProps) {
  const [content, setContent] = useState<Content>(base.content);
  const set = (name: string, value: Value) =>
    setContent({ ...content, parameters: { ...content.parameters, [name]: value } });
  const isWrong = fields.some((field) => faultOf(field, content.parameters[field.name]) !== null);
  const isUnchanged = JSON.stringify(content) === JSON.stringify(base.content);
  return (
    <form
      className={classes["form"]}
      aria-label={`Values of version ${base.version}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWrong && !isUnchanged) onDraft(content);
      }}
    >
      <h3 className={classes["heading"]}>What version {base.version} judges by</h3>
      <div className={classes["fields"]}>
        {fields.map((field) => (
          <ParameterInput
            key={field.name}
            field={field}
            value={content.parameters[field.name] ?? null}
            isLocked={!mayChange}
            onChange={(value) => set(field.name, value)}
          />
        ))}
        <CommonFields content={content} isLocked={!mayChange} onChange={setContent} />
        <AutonomyBands
          bands={content.autonomy}
          isLocked={!mayChange}
          onChange={(autonomy) => setContent({ ...content, autonomy })}
        />
      </div>
      {mayChange && (
        <div className={classes["buttons"]}>
          <Button type="submit" size="compact-sm" loading={isBusy} disabled={isWrong || isUnchanged}>
            Save as draft…
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            disabled={isUnchanged}
            onClick={() => setContent(base.content)}
          >
            Reset
          </Button>
        </div>
      )}
    </form>
  );
}

interface CommonFieldsProps {
  content: Content;
  isLocked: boolean;
  onChange: (content: Content) => void;
}

/** What every rule has: a severity of its own, and whom it watches. */
function CommonFields({ content, isLocked, onChange }: CommonFieldsProps) {
  const { scope } = content;
  const customers = (names: readonly string[]) => names.filter((name) => CUSTOMER.test(name)).map(Number);
  return (
    <>
      <Select
        size="xs"
        label="Severity"
        description="Instead of the one that the evidence suggests."
        placeholder="As the evidence suggests"
        data={Object.entries(SEVERITY).map(([value, { label }]) => ({ value, label }))}
        value={content.severity}
        readOnly={isLocked}
        clearable={!isLocked}
        clearButtonProps={{ "aria-label": "As the evidence suggests" }}
        onChange={(severity) => onChange({ ...content, severity: severity as Severity | null })}
      />
      <TagsInput
        size="xs"
        label="Only customers"
        description="The rule watches nobody else; empty: everybody."
        value={scope.only_customers.map(String)}
        readOnly={isLocked}
        onChange={(names) => onChange({ ...content, scope: { ...scope, only_customers: customers(names) } })}
      />
      <TagsInput
        size="xs"
        label="Except customers"
        description="As test accounts."
        value={scope.except_customers.map(String)}
        readOnly={isLocked}
        onChange={(names) =>
          onChange({ ...content, scope: { ...scope, except_customers: customers(names) } })
        }
      />
    </>
  );
}

interface ParameterInputProps {
  field: RuleParameter;
  value: Value;
  isLocked: boolean;
  onChange: (value: Value) => void;
}

function ParameterInput({ field, value, isLocked, onChange }: ParameterInputProps) {
  const bounds = boundsOf(field);
  const hints = [field.description, bounds && `Allowed: ${bounds}.`, `Default: ${written(field.default)}.`];
  const common = {
    size: "xs",
    label: labelOf(field),
    description: hints.filter(Boolean).join(" "),
    readOnly: isLocked,
  } as const;
  switch (field.kind) {
    case "number":
    case "integer":
      return (
        <NumberInput
          {...common}
          value={typeof value === "number" ? value : ""}
          allowDecimal={field.kind === "number"}
          clampBehavior="none"
          hideControls
          error={faultOf(field, value)}
          onChange={(next) => onChange(next === "" ? null : Number(next))}
        />
      );
    case "choice":
      return (
        <Select
          {...common}
          data={field.choices}
          value={typeof value === "string" ? value : null}
          allowDeselect={false}
          onChange={onChange}
        />
      );
    case "texts":
      return (
        <TagsInput {...common} value={Array.isArray(value) ? value.map(String) : []} onChange={onChange} />
      );
    case "yes_no":
      return (
        <Switch
          size="xs"
          label={common.label}
          description={common.description}
          checked={value === true}
          disabled={isLocked}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "text":
      return (
        <TextInput
          {...common}
          value={typeof value === "string" ? value : ""}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
