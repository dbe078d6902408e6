import type { TelemetryEvent } from "@/api/types";
import { formatMoney, formatNumber } from "./numbers";

/** One event in a few words, without its customer and time. */
export function describeEvent(event: TelemetryEvent): string {
  switch (event.kind) {
    case "login": {
      const { success, device_id } = event.attributes;
      const verb = !success ? "Failed login" : "Login";
      return join(verb, place(event.attributes), device_id && `on ${device_id}`);
    }
    case "auth_failure":
      return join("Authentication failed", place(event.attributes), event.attributes.reason);
    case "transaction": {
      const { amount, currency, merchant, country } = event.attributes;
      return join(formatMoney(amount, currency), merchant && `at ${merchant}`, country && `(${country})`);
    }
    case "account_change": {
      const { change, channel } = event.attributes;
      return join(`${CHANGED[change]} changed`, channel && `by ${channel.replaceAll("_", " ")}`);
    }
    case "data_usage":
      return `${formatNumber(event.attributes.gb)} GB used`;
    case "api_call": {
      const { endpoint, status_code, error_code, region } = event.attributes;
      return join(endpoint, region && `in ${region}`, error_code ?? status_code?.toString());
    }
  }
}

export const EVENT_KIND: Record<TelemetryEvent["kind"], string> = {
  login: "Login",
  auth_failure: "Auth failure",
  transaction: "Transaction",
  data_usage: "Data usage",
  api_call: "API call",
  account_change: "Account change",
};

type AccountChange = Extract<TelemetryEvent, { kind: "account_change" }>["attributes"]["change"];

const CHANGED: Record<AccountChange, string> = {
  sim: "SIM",
  email: "E-mail address",
  phone: "Phone number",
  password: "Password",
  address: "Postal address",
  device: "Device",
  payee: "Payee",
};

interface Origin {
  city?: unknown;
  country?: string | null;
  ip?: string | null;
}

function place({ city, country, ip }: Origin): string | undefined {
  const where = [typeof city === "string" ? city : undefined, country].filter(Boolean).join(", ");
  if (where !== "") return `from ${where}`;
  return ip ? `from ${ip}` : undefined;
}

const join = (...parts: (string | null | undefined)[]): string => parts.filter(Boolean).join(" ");
