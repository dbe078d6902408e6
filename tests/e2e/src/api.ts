import { bearerOf, type Persona } from "./personas";
import type { Profile, StackAddresses } from "./stack";

interface Started {
  instance_id: string;
}

const MINUTE_MS = 60_000;

/** Opens a case as a person would who saw a login from the story's country. Returns its id. */
export async function openCase(
  stack: StackAddresses,
  customer: Profile,
  severity: "low" | "medium" | "high" = "high",
): Promise<string> {
  const { customer_id, home_country, story } = customer;
  const country = story?.country ?? home_country;
  const login = (number: number, minutesAgo: number, attributes: object) => ({
    event_id: `login-${customer_id}-${number}`,
    customer_id,
    occurred_at: new Date(Date.now() - minutesAgo * MINUTE_MS).toISOString(),
    kind: "login",
    attributes,
  });
  const abroad = Object.fromEntries(
    Object.entries({ country, city: story?.city, device_id: story?.device_id, ip: story?.ip }).filter(
      ([, value]) => value != null,
    ),
  );
  const answer = await fetch(`${stack.url}/api/workflow/start`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(await bearerOf(stack, "ana")) },
    body: JSON.stringify({
      customer_id,
      alert_type: "impossible_travel",
      description: `A login from ${country} 40 minutes after one from ${home_country}.`,
      severity,
      trigger_events: [login(1, 50, { country: home_country }), login(2, 10, abroad)],
    }),
  });
  if (answer.status !== 202) throw new Error(`Opening the case failed: ${await answer.text()}`);
  return ((await answer.json()) as Started).instance_id;
}

/** Claims a case for somebody who is not in front of a browser. */
export async function claimCase(stack: StackAddresses, caseId: string, persona: Persona): Promise<void> {
  const answer = await fetch(`${stack.url}/api/cases/${caseId}/claim`, {
    method: "POST",
    headers: await bearerOf(stack, persona),
  });
  if (!answer.ok) throw new Error(`${persona} could not claim the case: ${await answer.text()}`);
}

/** How the rules model answers from now on: `{}` as it should. */
export async function setModel(stack: StackAddresses, control: { fault?: string }): Promise<void> {
  await controlModel(stack, control);
}

/** How long the rules model takes for each answer: slow enough that a person sees the specialists work. */
export async function setModelLatency(stack: StackAddresses, seconds: number): Promise<void> {
  await controlModel(stack, { latency_s: seconds });
}

async function controlModel(stack: StackAddresses, control: object): Promise<void> {
  const answer = await fetch(`${stack.modelUrl}/control`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(control),
  });
  if (!answer.ok) throw new Error(`The model refused the control request: ${await answer.text()}`);
}
