/** The content of a service, whatever keeps it running. Pure. */

/** Tells a node that its output is kept by the system: then invites stay out of it. */
export const SERVICE_VARIABLE = "MESH_LLM_SERVICE";

/** The first line of each file of a service that this program has made, behind what makes it a comment. */
export const MADE_BY =
  "Made by mesh-llm service install, which writes it anew; service uninstall removes it.";

/** The program of a service, and what it works on. */
export interface ServiceRun {
  /** Absolute. */
  readonly executable: string;
  /** Absolute. */
  readonly dataDir: string;
}

export interface ServicePlan extends ServiceRun {
  /** Of a service of the whole machine, the user that it runs as; `null` for one of the user who made it. */
  readonly user: string | null;
  /** That user's, as the folder in which paths without a beginning begin. */
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The command line that is run, without a shell: config.toml has the rest. */
export function commandOf({ executable, dataDir }: ServiceRun): readonly [string, ...string[]] {
  return [executable, "--data-dir", dataDir];
}

/** The other way round; `null` for another command line. */
export function runOf([executable, option, dataDir]: readonly string[]): ServiceRun | null {
  if (executable === undefined || dataDir === undefined || option !== "--data-dir") return null;
  return { executable, dataDir };
}

/** Variables without which a service would find other files and devices than the terminal that it was made in. */
const KEPT = [
  "PATH",
  "LD_LIBRARY_PATH",
  "CUDA_VISIBLE_DEVICES",
  "HIP_VISIBLE_DEVICES",
  "ROCR_VISIBLE_DEVICES",
  "GGML_VK_VISIBLE_DEVICES",
  "HF_ENDPOINT",
  "HF_HOME",
  "HF_HUB_CACHE",
  "XDG_CACHE_HOME",
  "LLAMA_CACHE",
  "OLLAMA_MODELS",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
];

/** The password in the address of a proxy: the system shows a service's environment to all its users. */
const WITH_PASSWORD = /\/\/[^/]*@/;

/** No line of a unit can hold one, and no XML. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\0-\x1f\x7f]/;

/** Whether a path can stand in the file of a service. */
export function isWritable(path: string): boolean {
  return !CONTROL.test(path);
}

/** The part of a terminal's environment that a service takes along. */
export function serviceEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const kept = KEPT.flatMap((name) => {
    const value = environment[name] || environment[name.toLowerCase()];
    return value && isWritable(value) && !WITH_PASSWORD.test(value) ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(kept), [SERVICE_VARIABLE]: "1" };
}

/** Variables that a service does not see, and that mean something here: config.toml has a place for each. */
const LEFT_OUT = ["MESH_LLM_JOIN", "MESH_LLM_API_KEY", "MESH_LLM_ADMIN_KEY", "HF_TOKEN"];

/** Names of variables that are set and that the service runs without. */
export function leftOutOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  const proxies = KEPT.filter((name) =>
    WITH_PASSWORD.test(environment[name] || environment[name.toLowerCase()] || "")
  );
  return [...LEFT_OUT.filter((name) => environment[name]), ...proxies];
}
