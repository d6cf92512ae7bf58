import assert from "node:assert/strict";
import { join } from "node:path";
import { controlFile, makeDeb } from "../../../scripts/release/deb.ts";
import { formulaOf } from "../../../scripts/release/formula.ts";
import { fromRoot, run } from "../../../scripts/run.ts";
import { sha256 } from "../../downloads/faulty_server.ts";
import { temporaryFolder } from "../../support/program.ts";

const OPTIONS = {
  version: "1.2.0-rc.1",
  architecture: "amd64",
  repository: "https://github.com/somebody/mesh-llm",
};

Deno.test({
  name: "makeDeb() makes a package that dpkg reads, of root's files, and the same each time",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    for (const name of ["mesh-llm", "mesh-llm.bash", "_mesh-llm", "mesh-llm.fish"]) {
      await Deno.writeTextFile(at(name), `${name}\n`, { mode: 0o600 });
    }
    const made = { ...OPTIONS, executable: at("mesh-llm"), completions: folder.path, timeS: 1e9 };
    for (const name of ["a.deb", "b.deb"]) await makeDeb({ ...made, output: at(name) });
    assert.equal(
      sha256(await Deno.readFile(at("a.deb"))),
      sha256(await Deno.readFile(at("b.deb"))),
    );
    const dpkg = async (verb: string) =>
      (await run("dpkg-deb", [verb, at("a.deb")], { output: "capture" })).text;
    assert.match(
      await dpkg("--info"),
      / Package: mesh-llm\n Version: 1\.2\.0~rc\.1\n Architecture: amd64\n/,
    );
    const files = await dpkg("--contents");
    assert.match(files, /^-rwxr-xr-x root\/root +9 2001-09-09 .* \.\/usr\/bin\/mesh-llm$/m);
    assert.match(files, /^-rw-r--r-- root\/root .* \.\/usr\/share\/doc\/mesh-llm\/copyright$/m);
    for (const line of files.trim().split("\n")) {
      assert.match(line, /^(drwxr-xr-x|-rwxr-xr-x|-rw-r--r--) root\/root/);
    }
  },
});

Deno.test("controlFile() has a line for each field, and none that is empty", () => {
  for (const line of controlFile(OPTIONS, 117e6).trimEnd().split("\n")) {
    assert.match(line, /^([A-Z][\w-]+: \S| \S)/);
  }
});

Deno.test("formulaOf() has an archive for each platform that was made, and ends what it begins", () => {
  const digests = new Map([["linux-x64", "a".repeat(64)], ["darwin-arm64", "b".repeat(64)]]);
  const formula = formulaOf({ ...OPTIONS, digests });
  const url = `${OPTIONS.repository}/releases/download/v1.2.0-rc.1/mesh-llm-1.2.0-rc.1-`;
  assert.ok(
    formula.includes(
      `on_macos do\n    on_arm do\n      url "${url}darwin-arm64.tar.gz"\n      sha256 "${
        "b".repeat(64)
      }"`,
    ),
  );
  assert.ok(formula.includes(`on_linux do\n    on_intel do\n      url "${url}linux-x64.tar.gz"`));
  assert.ok(!formula.includes("darwin-x64"));
  const begun = formula.match(/^ *(class|def|on_\w+ do|test do)\b/gm)!.length;
  assert.equal(formula.match(/^ *end$/gm)!.length, begun);
});

Deno.test("the images run as a user, keep data in a volume and ask for the health; what they copy is there", async () => {
  for (const name of ["Dockerfile", "Dockerfile.cuda"]) {
    const text = await Deno.readTextFile(fromRoot(`packaging/docker/${name}`));
    const words = text.split("\n").map((line) => /^[A-Z]+(?= )/.exec(line)?.[0]).filter(Boolean);
    const known =
      /^(FROM|RUN|ARG|COPY|USER|ENV|VOLUME|WORKDIR|EXPOSE|HEALTHCHECK|STOPSIGNAL|ENTRYPOINT|CMD)$/;
    for (const word of words) assert.match(word!, known);
    assert.ok(words.indexOf("USER") < words.indexOf("ENTRYPOINT"));
    assert.match(text, /^USER mesh-llm$/m);
    assert.match(text, /^VOLUME \/data$/m);
    assert.match(text, /^HEALTHCHECK .*\/health"\]$/m);
    for (const [, list] of text.matchAll(/^(?:ENTRYPOINT|CMD) (\[.*\])$/gm)) JSON.parse(list!);
  }
});
