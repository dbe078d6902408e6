// A certified OpenID provider (oidc-provider) on loopback, with a page to sign in on and a `/control` that tests use.
// Usage: node provider.mjs '{"port": 0, "clients": [...], "people": {"ada": {"name": "…", "roles": ["analyst"]}}}'
// Prints its address when it listens.
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import Provider from "oidc-provider";

const given = JSON.parse(process.argv[2]);
const people = new Map(Object.entries(given.people));
const lifetimes = { access: 600, ...given.lifetimes };
const SCOPES = "desk chat cases.read cases.open";
let keys = [newKey()];
let handler;
let issuer;

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    ...privateKey.export({ format: "jwk" }),
    kid: randomUUID(),
    use: "sig",
    alg: "RS256",
  };
}

// One store for all: what it has given out stays when its keys change. The package keeps this to itself.
const memory = new URL(
  "adapters/memory_adapter.js",
  import.meta.resolve("oidc-provider"),
);
const { createMemoryAdapter } = await import(memory.href);
const adapter = createMemoryAdapter();

function claimsOf(subject) {
  const person = people.get(subject);
  return { sub: subject, ...person };
}

function makeProvider() {
  const provider = new Provider(issuer, {
    adapter,
    clients: given.clients,
    jwks: { keys },
    cookies: { keys: ["tests"] },
    claims: {
      openid: ["sub", "sid"],
      profile: ["name", "roles", "oid"],
      email: ["email"],
    },
    conformIdTokenClaims: false,
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) =>
      client.grantTypeAllowed("refresh_token"),
    // The desk is on loopback, which the provider keeps away from by default, and the machine may be slow.
    fetch: (
      address,
      { dispatcher: _dispatcher, signal: _signal, ...options },
    ) => fetch(address, options),
    pkce: { required: () => true },
    clientAuthMethods: ["none", "private_key_jwt", "client_secret_basic"],
    enabledJWA: { clientAuthSigningAlgValues: ["PS256", "RS256", "ES256"] },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = `<!doctype html><title>Sign out</title>${form}
            <button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out of the provider</button>`;
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_ctx, resource) => ({
          audience: resource,
          scope: SCOPES,
          accessTokenFormat: "jwt",
          accessTokenTTL: lifetimes.access,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: (_ctx, token) => {
      const of =
        token.kind === "ClientCredentials"
          ? given.programs?.[token.clientId]
          : claimsOf(token.accountId);
      return of && { roles: of.roles, name: of.name };
    },
    findAccount: (_ctx, subject) =>
      people.has(subject)
        ? { accountId: subject, claims: async () => claimsOf(subject) }
        : undefined,
    interactions: {
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const known = session.grantIdFor(client.clientId);
      const before = known && (await ctx.oidc.provider.Grant.find(known));
      if (before) return before;
      const grant = new ctx.oidc.provider.Grant({
        clientId: client.clientId,
        accountId: session.accountId,
      });
      grant.addOIDCScope("openid profile email offline_access");
      for (const resource of given.resources ?? [])
        grant.addResourceScope(resource, SCOPES);
      await grant.save();
      return grant;
    },
    ttl: {
      AccessToken: lifetimes.access,
      Grant: 86_400,
      IdToken: 86_400,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    renderError: (ctx, out) => {
      ctx.type = "text/plain";
      ctx.body = `${out.error}: ${out.error_description}`;
    },
  });
  provider.on("backchannel.error", (_ctx, error) =>
    console.error(`Back-channel logout failed: ${error} ${error.cause}`),
  );
  handler = provider.callback();
  return provider;
}

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

async function interact(request, response, provider) {
  if (request.method === "POST") {
    const subject = new URLSearchParams(await bodyOf(request)).get("person");
    const result = people.has(subject)
      ? { login: { accountId: subject } }
      : { error: "access_denied", error_description: "Nobody was chosen." };
    await provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: false,
    });
    return;
  }
  const choices = [...people.keys(), "nobody"].map(
    (name) => `<button name="person" value="${name}">${name}</button>`,
  );
  response.setHeader("content-type", "text/html");
  response.end(
    `<!doctype html><title>Provider</title><form method="post">${choices.join(" ")}</form>`,
  );
}

async function control(request, response, url) {
  const body = JSON.parse((await bodyOf(request)) || "null");
  if (url.pathname === "/control/people") {
    for (const [subject, person] of Object.entries(body)) {
      if (person === null) people.delete(subject);
      else people.set(subject, person);
    }
  } else if (url.pathname === "/control/keys") {
    keys = body.keep ? [newKey(), ...keys] : [newKey()];
    provider = makeProvider();
  } else if (url.pathname === "/control/desk") {
    Object.assign(given.clients[0], body);
    provider = makeProvider();
  } else {
    response.statusCode = 404;
  }
  response.end();
}

let provider;
const server = createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  try {
    if (url.pathname.startsWith("/control/"))
      await control(request, response, url);
    else if (url.pathname.startsWith("/interaction/"))
      await interact(request, response, provider);
    else handler(request, response);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});
server.listen(given.port ?? 0, "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  provider = makeProvider();
  console.log(issuer);
});
