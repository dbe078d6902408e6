import { writeFile } from "node:fs/promises";

const NOON = Date.UTC(2026, 2, 2, 12);
const MINUTE_MS = 60_000;
const HOUR = 60;
const DAY = 24 * HOUR;
const HOME = "192.0.2.1";
const ELSEWHERE = "198.51.100.9";

const LISBON = { country: "PT", city: "Lisbon", latitude: 38.72, longitude: -9.14 };
const PORTO = { country: "PT", city: "Porto", latitude: 41.15, longitude: -8.61 };
const NEW_YORK = { country: "US", city: "New York", latitude: 40.71, longitude: -74.01 };

interface RecordedEvent {
  event_id: string;
  customer_id: number;
  occurred_at: string;
  kind: string;
  attributes: object;
}

type Add = (minutes: number, kind: string, attributes: object) => void;

const times = (count: number, act: (index: number) => void) => {
  for (let index = 0; index < count; index++) act(index);
};

/** By rule, what a customer does that raises its alert; minutes count from noon of a Monday. */
const STORIES: Record<string, (add: Add) => void> = {
  impossible_travel: (add) => {
    const phone = { success: true, device_id: "phone", ip: HOME };
    times(4, (day) => {
      add(-DAY * (4 - day), "login", { ...LISBON, ...phone });
    });
    add(-2.5 * DAY, "login", { ...PORTO, ...phone });
    add(0, "login", { ...LISBON, ...phone });
    add(30, "login", { ...NEW_YORK, success: true, device_id: "tablet", ip: ELSEWHERE });
  },
  auth_failures: (add) => {
    add(-3, "login", { country: "PT", success: true, ip: HOME });
    times(12, (index) => {
      add(index / 3, "auth_failure", { ip: [HOME, ELSEWHERE, "203.0.113.5"][index % 3] });
    });
  },
  login_after_failures: (add) => {
    add(-3 * DAY, "login", { ...LISBON, success: true, ip: HOME });
    times(6, (index) => {
      add(index, "auth_failure", { ip: "203.0.113.77" });
    });
    add(8, "login", { ...NEW_YORK, success: true, ip: "203.0.113.77" });
  },
  spending_spike: (add) => {
    times(12, (day) => {
      const amount = ["28.00", "31.50", "25.10"][day % 3];
      add(day * DAY + day * 37, "transaction", { amount, currency: "EUR" });
    });
    add(5 * DAY, "transaction", { amount: "9000", currency: "JPY" });
    add(6 * DAY, "transaction", { amount: "28.00", currency: "EUR", type: "refund" });
    add(13 * DAY, "transaction", { amount: "1249.00", currency: "EUR" });
  },
  charge_velocity: (add) => {
    times(4, (hour) => {
      add(hour * HOUR - 2 * DAY, "transaction", { amount: "18.50", currency: "USD", terminal_id: "home" });
    });
    times(10, (index) => {
      add(index * 4, "transaction", { amount: "20", currency: "USD", terminal_id: `t${index % 3}` });
    });
  },
  transfer_after_change: (add) => {
    add(0, "account_change", { change: "sim", channel: "shop" });
    add(20, "account_change", { change: "email", channel: "app" });
    add(130, "transaction", { amount: "4200", currency: "EUR", type: "transfer" });
  },
  data_usage_spike: (add) => {
    times(24 * 21, (hour) => {
      add(hour * HOUR, "data_usage", { gb: hour % 24 > 7 && hour % 24 < 20 ? 0.9 : 0.4 });
    });
    add(24 * 21 * HOUR, "data_usage", { gb: 40 });
  },
  api_burst: (add) => {
    times(40, (index) => {
      const status_code = index % 3 === 0 ? 403 : 200;
      add(index / 60, "api_call", { endpoint: index % 5 === 0 ? "keys/List" : "orders/List", status_code });
    });
  },
};

const SPRAYED = 8;

/** The rules whose alerts the recording raises, each about a customer of its own. */
export const RULES = [...Object.keys(STORIES), "login_spraying"];

/** Writes a recording in which every rule finds something. */
export async function recordEveryRule(file: string): Promise<void> {
  const events: RecordedEvent[] = [];
  const adder =
    (customer: number): Add =>
    (minutes, kind, attributes) =>
      events.push({
        event_id: `drawn-${events.length}`,
        customer_id: customer,
        occurred_at: new Date(NOON + minutes * MINUTE_MS).toISOString(),
        kind,
        attributes,
      });
  Object.values(STORIES).forEach((tell, index) => {
    tell(adder(9_001 + index));
  });
  times(SPRAYED, (index) => {
    adder(9_101 + index)(DAY + index / 10, "auth_failure", { ip: "203.0.113.9" });
  });
  events.sort((a, b) => a.occurred_at.localeCompare(b.occurred_at));
  await writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}
