/** argv -> exit code. Loads only what the command needs, so that small ones answer at once. */

import { OTHERS } from "../base/own_files.ts";
import { describeFailure } from "./terminal/errors.ts";
import { errorLine } from "./terminal/log_line.ts";
import { printError, printOut } from "./base/output.ts";
import type { HelpCommand } from "./config/command.ts";
import { understand, type Understood } from "./config/parse.ts";
import { exemptLoopback, nameProxiesTwice } from "./terminal/proxy.ts";
import type { Runtime } from "./terminal/runtime.ts";
import { VERSION } from "./base/version.ts";

/** Never throws: a failure becomes a sentence on standard error and its exit code. */
export async function run(argv: readonly string[], runtime: Runtime): Promise<number> {
  try {
    nameProxiesTwice(Deno.env);
    exemptLoopback(Deno.env);
    return await perform(read(argv, runtime), runtime);
  } catch (error) {
    const { exitCode, message, hint } = describeFailure(error, { debug: runtime.debug });
    printError(`mesh-llm: ${message}\n` + (hint === null ? "" : `${hint}\n`));
    return exitCode;
  }
}

/** A supervisor that reads JSON is told on the same stream what it would read there of a node. */
function read(argv: readonly string[], { environment, facts }: Runtime): Understood {
  try {
    return understand(argv, environment, facts);
  } catch (error) {
    if (/--log-format[= ]json\b/.test(argv.join(" "))) printOut(errorLine(error, Date.now()));
    throw error;
  }
}

async function perform({ command, settings }: Understood, runtime: Runtime): Promise<number> {
  // Whatever is written is this user's own. Only an agent writes files for others too, by its user's rule.
  if (command.kind !== "run-agent") Deno.umask(OTHERS);
  switch (command.kind) {
    case "version":
      printOut(`${VERSION}\n`);
      return 0;
    case "help":
      return await help(command, runtime);
    case "serve":
      return await (await import("./commands/run_serve.ts")).runServe(command, settings, runtime);
    case "config-show":
      return await (await import("./commands/run_config.ts")).runConfigShow(command);
    case "completions":
      return (await import("./commands/run_completions.ts")).runCompletions(command);
    case "complete":
      return await (await import("./commands/run_completions.ts")).runComplete(command, runtime);
    case "status":
      return await (await import("./commands/run_status.ts")).runStatus(command);
    case "models":
      return await (await import("./commands/run_models.ts")).runModels(command, runtime);
    case "plan":
      return await (await import("./commands/run_plan.ts")).runPlan(command, runtime);
    case "doctor":
      return await (await import("./commands/run_doctor.ts")).runDoctor(command, runtime);
    case "run-agent":
      return await (await import("./commands/run_agent.ts")).runAgent(command, runtime);
    case "download":
      return await (await import("./commands/run_download.ts")).runDownload(command, runtime);
    case "rm":
      return await (await import("./commands/run_remove.ts")).runRemove(command, runtime);
    case "chat":
      return await (await import("./commands/run_chat.ts")).runChat(command, runtime);
    case "ps":
      return await (await import("./commands/run_ps.ts")).runPs(command);
    case "serve-model":
      return await (await import("./commands/run_serve_model.ts")).runServeModel(command);
    case "stop":
      return await (await import("./commands/run_stop.ts")).runStop(command);
    case "logs":
      return await (await import("./commands/run_logs.ts")).runLogs(command);
    case "licenses":
      return await (await import("./commands/run_licenses.ts")).runLicenses(command);
    case "service-install":
    case "service-uninstall":
    case "service-status":
    case "service-logs":
      return await (await import("./commands/run_service.ts")).runService(command, runtime);
    case "drop":
      return await (await import("./commands/run_drop.ts")).runDrop(command);
    case "settings":
      return await (await import("./commands/run_settings.ts")).runSettings(command);
    case "token":
      return await (await import("./commands/run_token.ts")).runToken(command);
    case "key-make":
      return await (await import("./commands/run_key.ts")).runKeyMake(command);
    case "key-list":
      return await (await import("./commands/run_key.ts")).runKeyList(command);
    case "key-remove":
      return await (await import("./commands/run_key.ts")).runKeyRemove(command);
    case "token-list":
      return await (await import("./commands/run_token.ts")).runTokenList(command);
    case "token-revoke":
      return await (await import("./commands/run_token.ts")).runTokenRevoke(command);
    case "token-remove":
      return await (await import("./commands/run_token_remove.ts")).runTokenRemove(command);
    case "join":
      return await (await import("./commands/run_join.ts")).runJoin(command, runtime);
    case "pair-list":
      return await (await import("./commands/run_pair.ts")).runPairList(command);
    case "pair-accept":
      return await (await import("./commands/run_pair.ts")).runPairAccept(command);
    case "pair-refuse":
      return await (await import("./commands/run_pair.ts")).runPairRefuse(command);
    case "relay":
      return await (await import("./commands/run_relay.ts")).runRelay(command, runtime);
    case "relay-claim":
      return await (await import("./commands/run_relay.ts")).runRelayClaim(command);
    case "relay-status":
      return await (await import("./commands/run_relay.ts")).runRelayStatus(command);
    case "relay-add":
      return await (await import("./commands/run_relay.ts")).runRelayAdd(command);
    case "relay-list":
      return await (await import("./commands/run_relay.ts")).runRelayList(command);
    case "relay-remove":
      return await (await import("./commands/run_relay.ts")).runRelayRemove(command);
    case "engine-install":
      return await (await import("./commands/run_engine.ts")).runEngineInstall(command, runtime);
    case "engine-show":
      return await (await import("./commands/run_engine.ts")).runEngineShow(command, runtime);
    case "update":
      return await (await import("./commands/run_update.ts")).runUpdate(command, runtime);
  }
}

/** On the terminal of a person, the mesh that is on this network comes first. */
async function help({ text, offer }: HelpCommand, runtime: Runtime): Promise<number> {
  const isAsked = offer !== undefined && runtime.stdoutIsTerminal && Deno.stdin.isTerminal();
  if (isAsked && offer.config.mesh.lan) {
    const { offerJoin } = await import("./commands/run_join.ts");
    const joined = await offerJoin(offer, runtime);
    if (joined !== null) return joined;
  }
  printOut(text);
  return 0;
}
