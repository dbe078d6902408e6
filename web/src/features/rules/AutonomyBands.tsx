import { Button, NumberInput, Select } from "@mantine/core";
import type { AutonomyBand, Severity } from "@/api/types";
import { SEVERITY } from "@/shared/format/labels";
import classes from "./AutonomyBands.module.css";
import { DECIDERS } from "./words";

const MAX_BANDS = 12;
const NEW_BAND: AutonomyBand = { decider: "one_analyst", from_score: 0, from_severity: "low" };
const SEVERITIES = Object.entries(SEVERITY).map(([value, { label }]) => ({
  value,
  label: `${label} or worse`,
}));
const CHOICES = Object.entries(DECIDERS).map(([value, label]) => ({ value, label }));

interface AutonomyBandsProps {
  bands: readonly AutonomyBand[];
  isLocked: boolean;
  onChange: (bands: AutonomyBand[]) => void;
}

/** Who decides about a case with an alert of the rule, from which score and severity on. */
export function AutonomyBands({ bands, isLocked, onChange }: AutonomyBandsProps) {
  const set = (at: number, changed: Partial<AutonomyBand>) =>
    onChange(bands.map((band, index) => (index === at ? { ...band, ...changed } : band)));
  return (
    <fieldset className={classes["bands"]}>
      <legend className={classes["legend"]}>Who decides</legend>
      <p className={classes["note"]}>
        Every band that applies counts. They ask for more than the policy of the case, never for less: what
        the guard rails hold back is never cleared automatically.{" "}
        {bands.length === 0 && "No band: as the policy says."}
      </p>
      {bands.map((band, at) => (
        // A band has no name of its own.
        <div key={at} className={classes["band"]} role="group" aria-label={`Band ${at + 1}`}>
          <Select
            size="xs"
            label="Decides"
            data={CHOICES}
            value={band.decider}
            readOnly={isLocked}
            allowDeselect={false}
            onChange={(decider) => set(at, { decider: decider as AutonomyBand["decider"] })}
          />
          <NumberInput
            size="xs"
            label="From a risk score of"
            value={band.from_score}
            readOnly={isLocked}
            min={0}
            max={1}
            step={0.05}
            decimalScale={2}
            clampBehavior="strict"
            onChange={(score) => set(at, { from_score: Number(score) })}
          />
          <Select
            size="xs"
            label="Alerts of severity"
            data={SEVERITIES}
            value={band.from_severity}
            readOnly={isLocked}
            allowDeselect={false}
            onChange={(severity) => set(at, { from_severity: severity as Severity })}
          />
          {!isLocked && (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-label={`Remove band ${at + 1}`}
              onClick={() => onChange(bands.filter((_, index) => index !== at))}
            >
              Remove
            </Button>
          )}
        </div>
      ))}
      {!isLocked && (
        <Button
          size="compact-xs"
          variant="default"
          className={classes["add"] ?? ""}
          disabled={bands.length >= MAX_BANDS}
          onClick={() => onChange([...bands, NEW_BAND])}
        >
          Add a band
        </Button>
      )}
    </fieldset>
  );
}
