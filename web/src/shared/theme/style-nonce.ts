/** The nonce that lets style elements of this page in; empty where the page came without one, as in development. */
export const styleNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
