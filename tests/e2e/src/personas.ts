import type { BrowserContext } from "playwright-core";
import type { StackAddresses } from "./stack";

export type Persona = "vera" | "ana" | "ben" | "maria" | "alex";

const headers = new Map<string, Promise<{ Authorization: string }>>();

async function tokenOf(stack: StackAddresses, persona: Persona): Promise<string> {
  const answer = await fetch(`${stack.url}/api/session/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ persona }),
  });
  if (!answer.ok) throw new Error(`${persona} could not sign in: ${await answer.text()}`);
  return ((await answer.json()) as { token: string }).token;
}

/** The header of a request that this persona makes without a browser: one session for all of them. */
export function bearerOf(stack: StackAddresses, persona: Persona): Promise<{ Authorization: string }> {
  const key = `${stack.url} ${persona}`;
  const known = headers.get(key);
  if (known !== undefined) return known;
  const header = tokenOf(stack, persona).then((token) => ({ Authorization: `Bearer ${token}` }));
  headers.set(key, header);
  return header;
}

/** Makes a browser profile this persona's, as if they had chosen themselves on the sign-in page. */
export async function signIn(
  stack: StackAddresses,
  context: BrowserContext,
  persona: Persona,
): Promise<void> {
  const value = await tokenOf(stack, persona);
  await context.addCookies([
    { name: "casewright_session", value, url: stack.url, httpOnly: true, sameSite: "Strict" },
  ]);
}
