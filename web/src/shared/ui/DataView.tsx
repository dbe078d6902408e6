import { formatMinor } from "@/shared/format/numbers";
import { formatDateTime, formatUtc } from "@/shared/format/time";
import { humanise } from "@/shared/format/labels";
import classes from "./DataView.module.css";

type Row = Record<string, unknown>;

const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/**
 * A recorded JSON value as a person reads it: objects as lists of facts, lists of objects as tables,
 * amounts in minor units as money, moments in local time.
 */
export function DataView({ value, currency }: { value: unknown; currency?: string | undefined }) {
  if (Array.isArray(value)) return <ListView items={value} currency={currency} />;
  if (isRow(value)) return <FactsView row={value} currency={currencyOf(value) ?? currency} />;
  return <Scalar name="" value={value} currency={currency} />;
}

function FactsView({ row, currency }: { row: Row; currency: string | undefined }) {
  const entries = Object.entries(row);
  if (entries.length === 0) return <span className={classes["none"]}>empty</span>;
  return (
    <dl className={classes["facts"]}>
      {entries.map(([name, value]) => (
        <div key={name} className={classes["fact"]} data-nested={isNested(value)}>
          <dt>{fieldLabel(name)}</dt>
          <dd>
            {isNested(value) ? (
              <DataView value={value} currency={currency} />
            ) : (
              <Scalar name={name} value={value} currency={currency} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function ListView({ items, currency }: { items: unknown[]; currency: string | undefined }) {
  if (items.length === 0) return <span className={classes["none"]}>none</span>;
  const rows = items.filter(isRow);
  if (rows.length < items.length) {
    return <span>{items.map((item) => textOf(item)).join(", ")}</span>;
  }
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    // Scrolls sideways on its own, so the keyboard must reach it.
    <div className={classes["scroll"]} tabIndex={0} role="group" aria-label={`${rows.length} rows`}>
      <table className={classes["table"]}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {fieldLabel(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column}>
                  <Scalar name={column} value={row[column]} currency={currencyOf(row) ?? currency} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ScalarProps {
  name: string;
  value: unknown;
  currency: string | undefined;
}

function Scalar({ name, value, currency }: ScalarProps) {
  if (value === null || value === undefined || value === "")
    return <span className={classes["none"]}>–</span>;
  if (typeof value === "boolean") return <span>{value ? "yes" : "no"}</span>;
  if (typeof value === "number" && name.endsWith("_minor") && currency !== undefined) {
    return <span className="tabular">{formatMinor(value, currency)}</span>;
  }
  if (typeof value === "string" && ISO_MOMENT.test(value) && !Number.isNaN(Date.parse(value))) {
    return (
      <time dateTime={value} title={formatUtc(value)} className="tabular">
        {formatDateTime(value)}
      </time>
    );
  }
  return <span className={typeof value === "number" ? "tabular" : undefined}>{textOf(value)}</span>;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  return JSON.stringify(value);
}

const fieldLabel = (name: string): string => humanise(name.replace(/_minor$/, ""));

const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNested = (value: unknown): boolean => isRow(value) || (Array.isArray(value) && value.some(isRow));

function currencyOf(row: Row): string | undefined {
  const code = row["currency"];
  return typeof code === "string" ? code : undefined;
}
