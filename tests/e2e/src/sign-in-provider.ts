import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = resolve(import.meta.dirname, "../../support/openid_provider/provider.mjs");

export interface SignInProvider {
  issuer: string;
  /** Says where the desk is that people come back to. */
  knowDesk: (origin: string) => Promise<void>;
  stop: () => void;
}

/** A certified OpenID provider, at which the desk is `desk` and everybody is who they choose to be. */
export async function startSignInProvider(people: Readonly<Record<string, object>>): Promise<SignInProvider> {
  const desk = {
    client_id: "desk",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: ["http://127.0.0.1/"],
  };
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ clients: [desk], people })], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const issuer = await new Promise<string>((told, fail) => {
    createInterface(child.stdout).once("line", told);
    child.once("exit", () => {
      fail(new Error("The sign-in provider ended before it listened."));
    });
  });
  return {
    issuer,
    knowDesk: async (origin) => {
      const known = {
        redirect_uris: [`${origin}/api/session/callback`],
        post_logout_redirect_uris: [`${origin}/`],
      };
      const answer = await fetch(`${issuer}/control/desk`, { method: "POST", body: JSON.stringify(known) });
      if (!answer.ok) throw new Error(`The provider answered ${answer.status}.`);
    },
    stop: () => {
      child.kill();
    },
  };
}
