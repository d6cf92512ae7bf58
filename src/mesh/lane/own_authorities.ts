/** Each of them makes Deno trust authorities that may certify any name, and Deno adds a certificate to those it trusts. */
const VARIABLES = ["DENO_CERT", "DENO_TLS_CA_STORE", "NODE_EXTRA_CA_CERTS"] as const;

/**
 * The variable by which this process takes another's word for the end of a TLS connection: then it makes none of the
 * lane. `null` where there is none.
 */
export function ownAuthorities(
  valueOf: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string | null {
  return VARIABLES.find((name) => Boolean(valueOf(name))) ?? null;
}
