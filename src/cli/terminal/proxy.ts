/** A proxy of the user's environment is for the world outside; this machine's own ports are not behind it. */

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** `NO_PROXY` with the loopback names added. `*` already names everything. */
export function noProxyWithLoopback(noProxy: string | undefined): string {
  const names = (noProxy ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  if (names.includes("*")) return "*";
  return [...names, ...LOOPBACK.filter((name) => !names.includes(name))].join(",");
}

/** apt-get knows the names in lower case only; a child inherits them. */
export function nameProxiesTwice(env: Pick<Deno.Env, "get" | "set">): void {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY"]) {
    const proxy = env.get(name.toLowerCase()) || env.get(name);
    if (!proxy) continue;
    env.set(name, proxy);
    env.set(name.toLowerCase(), proxy);
  }
}

/** fetch reads the environment whenever a client is made, so it is set once for the whole process. */
export function exemptLoopback(env: Pick<Deno.Env, "get" | "set">): void {
  const value = noProxyWithLoopback(env.get("no_proxy") || env.get("NO_PROXY"));
  env.set("NO_PROXY", value);
  env.set("no_proxy", value);
}
