/** The key is pressed in real shells, each in a terminal of its own. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { SHELLS } from "../../src/cli/config/program/actions.ts";
import { aptInstall, succeeds } from "../support/debian.ts";
import { temporaryFolder } from "../support/program.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Why a test can't have a shell; zsh is the one that makes terminals for all. */
async function whyNot(): Promise<string | null> {
  for (const [program, pack] of [["zsh", "zsh"], ["fish", "fish"]] as const) {
    const problem = await succeeds(program, "--version") ? null : await aptInstall(pack);
    if (problem !== null) return problem;
  }
  return await Deno.stat("/usr/share/bash-completion/bash_completion")
    .then(() => null, () => aptInstall("bash-completion"));
}

const reason = await whyNot();

/** How each shell is started, and what it reads first. */
const STARTS: Readonly<Record<"zsh" | "fish", readonly [command: string, setup: string]>> = {
  zsh: ["zsh -f -i", "autoload -U compinit; compinit -D; source <(mesh-llm completions zsh)"],
  fish: ["fish --no-config -i", "mesh-llm completions fish | source"],
};

interface Pressed {
  readonly shell: "zsh" | "fish";
  readonly line: string;
  /** The terminal's content once the line is complete. */
  readonly shown: string;
}

/** Types a line and Tab, and waits until the terminal shows what is expected. */
async function press(folder: string, { shell, line, shown }: Pressed): Promise<string> {
  const [command, setup] = STARTS[shell];
  const script = `
    zmodload zsh/zpty
    zpty shell ${command}
    zpty -w shell ${quoted(`${setup}; echo re''ady`)}
    zpty -r shell out '*ready*'
    zpty -n -w shell ${quoted(`${line}\t`)}
    zpty -r shell out ${quoted(`*${shown}*`)}
    print -r -- "$out"
    zpty -d shell`;
  const { stdout, stderr } = await new Deno.Command("timeout", {
    args: ["30", "zsh", "-f", "-c", script],
    cwd: folder,
    env: { PATH: `${join(folder, "bin")}:${Deno.env.get("PATH")}`, TERM: "dumb", HOME: folder },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** Readline's completion of a line, and its fallback if that is nothing. */
async function askBash(folder: string, line: string): Promise<string> {
  const script = `
    source /usr/share/bash-completion/bash_completion
    source <(mesh-llm completions bash)
    complete -p mesh-llm
    COMP_LINE=${quoted(line)} COMP_POINT=\${#COMP_LINE} COMP_WORDS=(${line})
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    __mesh_llm_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await new Deno.Command("bash", {
    args: ["--norc", "-c", script],
    cwd: folder,
    env: { PATH: `${join(folder, "bin")}:${Deno.env.get("PATH")}`, HOME: folder },
  }).output();
  return new TextDecoder().decode(stdout).replace(/\n\n$/, "\n");
}

/** zsh's own form, which knows \t. */
function quoted(text: string): string {
  return `$'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\t", "\\t")}'`;
}

const LINES: readonly Omit<Pressed, "shell">[] = [
  { line: "mesh-llm --model sub/mi", shown: "sub/mine.gguf" },
  { line: "mesh-llm --model be", shown: "beside.gguf" },
  { line: "mesh-llm run open-w", shown: "open-webui" },
  { line: "mesh-llm chat gu", shown: "guide" },
];

for (const shell of SHELLS) {
  Deno.test({
    name: `${shell} completes files, models and agents${reason === null ? "" : ` (${reason})`}`,
    ignore: reason !== null,
    fn: async () => {
      await using folder = await temporaryFolder();
      const { path } = folder;
      for (const name of ["bin", "sub", ".mesh-llm"]) {
        await Deno.mkdir(join(path, name), { mode: 0o700 });
      }
      for (const name of ["sub/mine.gguf", "beside.gguf"]) {
        await Deno.writeTextFile(join(path, name), "");
      }
      const program = `#!/bin/sh\nexport DENO_NO_UPDATE_CHECK=1 DENO_DIR='${denoDir()}'\n` +
        `exec "${Deno.execPath()}" run -A --quiet "${MAIN}" "$@"\n`;
      await Deno.writeTextFile(join(path, "bin", "mesh-llm"), program, { mode: 0o755 });
      for (const line of LINES) {
        const output = shell === "bash"
          ? await askBash(path, line.line)
          : await press(path, { shell, ...line });
        // If bash is offered nothing it looks for files itself.
        if (shell === "bash" && line.line.includes("/")) {
          assert.match(output, /^complete -o default -F .*\n$/);
          continue;
        }
        assert.ok(output.includes(line.shown), `${shell}: ${line.line}\n${output}`);
      }
    },
  });
}

/** Deno's own cache, which a new home would not have. */
function denoDir(): string {
  return Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "", ".cache/deno");
}
