/** `mesh-llm run AGENT`: a tool's settings, pointed at this node's API; with `--exec` the tool itself. */

import { delimiter, dirname, join } from "node:path";
import { jsonText } from "../../base/printable.ts";
import { type AgentLimits, type AgentSettings, agentSettings, shellLines } from "../../api/mod.ts";
import { closestName } from "../base/closest_name.ts";
import type { RunAgentCommand } from "../config/command.ts";
import { printError, printOut } from "../base/output.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { Runtime } from "../terminal/runtime.ts";

/** There is no such tool, it is not installed, or a file of the user's stands in its way. */
export class AgentError extends Error {
  override name = "AgentError";
}

export async function runAgent(command: RunAgentCommand, runtime: Runtime): Promise<number> {
  const { dataDir, agent: id, model, address, json, exec, words } = command;
  const node = await findRunningNode(dataDir);
  const asked = { ...(model !== null && { model }), ...(address !== null && { address }) };
  const answer = await node.post("/api/agents", asked) as AgentsAnswer;
  const agent = withKey(findAgent(answer.agents, id), answer, command, runtime);
  if (exec) {
    if (agent.warning !== null) printError(`${agent.warning}\n`);
    return await start(agent, words, runtime);
  }
  printOut(json ? jsonText(agent, { indent: 2 }) : agentText(agent));
  return 0;
}

interface AgentsAnswer {
  readonly apiUrl: string;
  readonly model: string;
  /** The settings have a place to fill a key in. */
  readonly keyed: boolean;
  readonly limits: AgentLimits | null;
  readonly agents: readonly AgentSettings[];
}

/** The node never tells its keys: the one that the user has in the environment is filled in here. */
function withKey(
  agent: AgentSettings,
  { apiUrl, model, keyed, limits }: AgentsAnswer,
  { exec }: RunAgentCommand,
  { environment }: Runtime,
): AgentSettings {
  if (!keyed) return agent;
  const apiKey = environment.MESH_LLM_API_KEY;
  if (apiKey) return findAgent(agentSettings({ apiUrl, model, apiKey, limits }), agent.id);
  if (!exec) return agent;
  throw new AgentError(
    `Cannot start ${agent.title}: this node's API asks for a key. Set it in MESH_LLM_API_KEY`,
  );
}

function findAgent(agents: readonly AgentSettings[], id: string): AgentSettings {
  const found = agents.find((agent) => agent.id === id.toLowerCase());
  if (found !== undefined) return found;
  const ids = agents.map((agent) => agent.id);
  const meant = closestName(id, ids);
  throw new AgentError(
    `There are no settings for ${JSON.stringify(id)}` +
      (meant === undefined ? "" : ` (did you mean ${meant}?)`) +
      `: there are for ${ids.join(", ")}`,
  );
}

/** The files to write and the commands to type; the lines of the shell can be copied as they are. */
export function agentText(agent: AgentSettings): string {
  const { title, about, docs, file, id, warning, test } = agent;
  const warned = warning === null ? "" : `\n${warning}\n`;
  const inFile = file === null ? "" : `\nIn ${file.path}:\n\n${file.text}\n`;
  return `${title}: ${about}\n${docs}\n${warned}${inFile}\nIn a shell:\n\n${
    shellLines(agent)
  }\n\n` +
    `Or at once: mesh-llm run ${id} --exec\n\nTo test these settings:\n\n${test}\n`;
}

/** Takes the terminal over until the tool ends. @returns its exit code. */
async function start(
  agent: AgentSettings,
  words: readonly string[],
  { path = "", facts }: Runtime,
): Promise<number> {
  const [program = "", ...args] = agent.command;
  // Before anything is written for a tool that is not there.
  if (!await isOnPath(program, path)) {
    throw new AgentError(
      `Cannot start ${agent.title}: there is no ${program} on PATH. Install it as ${agent.docs} says`,
    );
  }
  if (agent.file !== null) await writeSettings(agent.file, facts.home);
  const child = new Deno.Command(program, { args: [...args, ...words], env: agent.env }).spawn();
  return (await child.status).code;
}

/** As the system looks for a program: a file that may be run, in one of the folders. */
async function isOnPath(program: string, path: string): Promise<boolean> {
  const files = program.includes("/")
    ? [program]
    : path.split(delimiter).map((folder) => join(folder || ".", program));
  const found = await Promise.all(files.map((file) =>
    Deno.stat(file).then(
      ({ isFile, mode }) => isFile && (mode === null || (mode & 0o111) !== 0),
      () => false,
    )
  ));
  return found.includes(true);
}

/** Makes the file where there is none; what is the user's own is never changed. */
async function writeSettings(
  { path, text }: NonNullable<AgentSettings["file"]>,
  home: string | undefined,
): Promise<void> {
  const file = path.startsWith("~/") && home !== undefined ? join(home, path.slice(2)) : path;
  await Deno.mkdir(dirname(file), { recursive: true });
  try {
    // The API key may be in it.
    await Deno.writeTextFile(file, `${text}\n`, { createNew: true, mode: 0o600 });
    printError(`Wrote ${file}\n`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    const found = (await Deno.readTextFile(file)).trim();
    if (found === text.trim()) return;
    if (withoutLimits(found) === withoutLimits(text)) {
      // The user may have chosen them, and the ones of the model change with what it is loaded with.
      printError(`${file} has other limits than the model has now, and is used as it is\n`);
      return;
    }
    throw new AgentError(
      `${file} is there already, and is not changed. Add this to it, and start the tool yourself:\n\n${text}`,
    );
  }
}

/** The text with its limits left out: whole numbers at the end of a line, which the formats have for nothing else. */
function withoutLimits(text: string): string {
  return text.trim().replace(/(?<=: )\d+(?=,?$)/gm, "");
}
