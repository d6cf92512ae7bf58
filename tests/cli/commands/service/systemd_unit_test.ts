import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { runOf, type ServicePlan } from "../../../../src/cli/commands/service/plan.ts";
import { execStartOf } from "../../../../src/cli/commands/service/systemd_words.ts";
import { quoted, systemdUnit } from "../../../../src/cli/commands/service/systemd_unit.ts";
import { run } from "../../../../scripts/run.ts";
import { temporaryFolder } from "../../../support/program.ts";
import { whyNoSystemd } from "../../../support/systemd.ts";

const plan: ServicePlan = {
  executable: "/opt/my apps/100%/mesh-llm",
  dataDir: '/home/ann/$HOME "x" \\n/.mesh-llm',
  user: null,
  home: "/home/ann",
  environment: { PATH: "/usr/bin:/opt/50% off", MESH_LLM_SERVICE: "1" },
};

const options = { systemd: 252, nvidiaModprobe: null };

/** The lines of one section. */
function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => /^\w+=/.test(line));
}

Deno.test("systemdUnit() runs the node without a shell, and its restarts have no end", () => {
  assert.deepEqual(lines(systemdUnit(plan, options)), [
    "Description=mesh-llm, a node of a mesh that serves language models",
    "StartLimitIntervalSec=0",
    "Type=exec",
    String
      .raw`ExecStart=:"/opt/my apps/100%%/mesh-llm" "--data-dir" "/home/ann/$HOME \"x\" \\n/.mesh-llm"`,
    'Environment="PATH=/usr/bin:/opt/50%% off"',
    'Environment="MESH_LLM_SERVICE=1"',
    "WorkingDirectory=~",
    "Restart=on-failure",
    "RestartPreventExitStatus=2",
    "RestartSec=5",
    "KillMode=mixed",
    "TimeoutStopSec=20",
    "OOMPolicy=continue",
    "UMask=0077",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictSUIDSGID=yes",
    "RestrictNamespaces=yes",
    "SystemCallArchitectures=native",
    "WantedBy=default.target",
  ]);
});

Deno.test("systemdUnit() of a later systemd waits longer after each failure", () => {
  const text = systemdUnit(plan, { ...options, systemd: 254 });
  assert.match(text, /^RestartSec=2\nRestartSteps=5\nRestartMaxDelaySec=60$/m);
});

Deno.test("systemdUnit() of the whole machine runs as a user, after the network", () => {
  const text = systemdUnit({ ...plan, user: "ann" }, options);
  assert.match(text, /^User=ann$/m);
  assert.match(text, /^After=network-online\.target$/m);
  assert.match(text, /^ProtectSystem=full$/m);
  assert.match(text, /^WantedBy=multi-user\.target$/m);
});

Deno.test("systemdUnit() leaves NVIDIA's driver the rights to make its devices", () => {
  const nvidia = { ...options, nvidiaModprobe: "/usr/bin/nvidia-modprobe" };
  // systemd takes each of these as a wish for no new privileges, where it is a user's own.
  assert.doesNotMatch(
    systemdUnit(plan, nvidia),
    /^(NoNewPrivileges|LockPersonality|Restrict\w+|System\w+|Protect\w+|Private\w+)=/m,
  );
  assert.match(
    systemdUnit({ ...plan, user: "ann" }, nvidia),
    /^ExecStartPre=-\+:"\/usr\/bin\/nvidia-modprobe" -c 0 -u$/m,
  );
});

for (const user of [null, "ann"]) {
  Deno.test(`systemdUnit() hides no GPU and lets V8 make code (${user ?? "of a user"})`, () => {
    const hiding =
      /^(Private(Devices|Users|Network)|Device\w+|ProtectClock|ProtectHome|MemoryDenyWriteExecute|SystemCallFilter|RestrictAddressFamilies|ProcSubset)=/m;
    assert.doesNotMatch(systemdUnit({ ...plan, user }, options), hiding);
  });
}

/** As systemd.syntax(7) and systemd.unit(5) read a word: quotes, escapes, specifiers. */
function read(line: string): string {
  const [, inner] = /^"(.*)"$/.exec(line) ?? [];
  assert.ok(inner !== undefined && !/(^|[^\\])(\\\\)*"/.test(inner), line);
  return inner.replaceAll(/\\(.)|%(.)/g, (_, escaped, specifier) => {
    assert.ok(specifier === undefined ? /["\\]/.test(escaped) : specifier === "%", line);
    return escaped ?? specifier;
  });
}

Deno.test("quoted() is read by systemd as it was, whatever it is", () => {
  const word = fc.string({ unit: fc.constantFrom(..."ab \"'\\%$;#é\u{1f600}{}~=") });
  fc.assert(fc.property(word, (text) => assert.equal(read(quoted(text)), text)));
});

Deno.test("execStartOf() finds the program and its data directory in a unit", () => {
  const path = fc.string({ unit: fc.constantFrom(..."ab \"'\\%$;#é\u{1f600}{}~=") });
  fc.assert(fc.property(path, path, (executable, dataDir) => {
    const unit = systemdUnit({ ...plan, executable, dataDir }, options);
    assert.deepEqual(runOf(execStartOf(unit)), { executable, dataDir });
  }));
  assert.equal(runOf(execStartOf("[Service]\nExecStart=/bin/true\n")), null);
});

const reason = await whyNoSystemd();

for (const user of [null, "root"]) {
  const name = `systemd-analyze finds no fault in the unit (${user ?? "of a user"})`;
  Deno.test({
    name: reason === null ? name : `${name} (${reason})`,
    ignore: reason !== null,
    fn: async () => {
      await using folder = await temporaryFolder();
      const executable = join(folder.path, "100% $HOME (my) apps", "mesh-llm");
      await Deno.mkdir(join(executable, ".."));
      await Deno.writeTextFile(executable, "#!/bin/sh\n", { mode: 0o755 });
      const unit = join(folder.path, "mesh-llm.service");
      await Deno.writeTextFile(unit, systemdUnit({ ...plan, executable, user }, options));
      const args = ["verify", ...(user === null ? ["--user"] : []), "--man=no", unit];
      const env = { XDG_RUNTIME_DIR: folder.path, SYSTEMD_LOG_LEVEL: "warning" };
      const { success, text } = await run("systemd-analyze", args, { output: "capture", env });
      // It looks at the units of the machine too, which are not ours to judge.
      const ours = text.split("\n").filter((line) => line.includes("mesh-llm"));
      assert.deepEqual([success, ours], [true, []], text);
    },
  });
}
