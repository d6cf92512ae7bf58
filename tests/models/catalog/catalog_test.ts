import assert from "node:assert/strict";
import { CATALOG } from "../../../src/models/catalog/catalog.ts";
import { parseReference } from "../../../src/models/catalog/reference.ts";
import { pickFiles, readRepository } from "../../../src/models/catalog/repository.ts";
import { InvalidReferenceError } from "../../../src/models/mod.ts";
import { isModelName } from "../../../src/models/mod.ts";

const HUB = new URL("https://huggingface.co");

Deno.test("the catalog names every model once, by a name that nodes accept, from small to large", () => {
  const names = CATALOG.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.every((name) => isModelName(name) && !name.includes("/")));
  const sizes = CATALOG.map(({ sizeBytes }) => sizeBytes);
  assert.deepEqual(sizes, sizes.toSorted((a, b) => a - b));
  for (const { name, quantisation, licence, contextLength } of CATALOG) {
    assert.ok(quantisation !== "" && licence !== "" && contextLength >= 2048, name);
  }
  for (const { name, draft, sizeBytes } of CATALOG.filter(({ draft }) => draft !== null)) {
    const drafts = CATALOG.find((model) => model.name === draft);
    assert.ok(drafts !== undefined && drafts.sizeBytes * 2 < sizeBytes, `${name} and ${draft}`);
  }
});

Deno.test("parseReference() takes names of the catalog, repositories and URLs", () => {
  const exact = { projector: null, quantisation: null };
  const cases: [string, ReturnType<typeof parseReference>][] = [
    ["qwen3-8b-q4_k_m", {
      kind: "repository",
      repository: "Qwen/Qwen3-8B-GGUF",
      file: "Qwen3-8B-Q4_K_M.gguf",
      projector: null,
      quantisation: "Q4_K_M",
    }],
    ["org/repo", { kind: "repository", repository: "org/repo", file: null, ...exact }],
    ["org/repo.1-GGUF:IQ2_XS", {
      kind: "repository",
      repository: "org/repo.1-GGUF",
      file: null,
      projector: null,
      quantisation: "IQ2_XS",
    }],
    ["https://huggingface.co/org/repo/resolve/main/a/b%20c.gguf?download=true", {
      kind: "repository",
      repository: "org/repo",
      file: "a/b c.gguf",
      ...exact,
    }],
    ["https://example.com/models/m-Q8_0.gguf?x=1", {
      kind: "url",
      url: "https://example.com/models/m-Q8_0.gguf?x=1",
      name: "m-Q8_0",
    }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseReference(text, HUB), expected, text);
});

Deno.test("parseReference() refuses what is no model, and paths above all", () => {
  const wrong = [
    "",
    "no-such-model",
    "../etc/passwd",
    "a/../b",
    "a/b/c",
    "/etc/passwd",
    "org/repo:",
    "http://example.com/m.gguf",
    "https://user:pass@example.com/m.gguf",
    "https://example.com/m.zip",
    "https://example.com/m-00001-of-00002.gguf",
    "https://example.com/..%2F..%2Fm.gguf",
    "https://example.com/%ff.gguf",
    `${HUB.origin}/org/repo/resolve/main/%ff.gguf`,
    "file:///m.gguf",
  ];
  for (const text of wrong) {
    assert.throws(() => parseReference(text, HUB), InvalidReferenceError, text);
  }
});

const SHA = "a".repeat(64);

function repository(...paths: string[]) {
  const info = readRepository({
    sha: "0".repeat(40),
    cardData: { license: "mit" },
    siblings: paths.map((rfilename) => ({
      rfilename,
      size: 10,
      lfs: { sha256: SHA, size: 20, pointerSize: 1 },
    })),
  });
  assert.ok(info !== undefined);
  return info;
}

Deno.test("readRepository() takes size and digest of what is kept by digest, and nothing malformed", () => {
  assert.deepEqual(repository("m.gguf"), {
    commit: "0".repeat(40),
    licence: "mit",
    files: [{ path: "m.gguf", sizeBytes: 20, sha256: SHA }],
  });
  const plain = { sha: "0".repeat(40), siblings: [{ rfilename: "a", size: 1 }] };
  assert.deepEqual(readRepository(plain)?.files, [{ path: "a", sizeBytes: 1, sha256: null }]);
  const wrong = [null, "text", {}, { ...plain, sha: "main" }, {
    ...plain,
    siblings: [{ size: -1 }],
  }];
  for (const body of wrong) assert.equal(readRepository(body), undefined);
});

Deno.test("pickFiles() takes the quantisation that is asked for, or the best known one", () => {
  const info = repository(
    "m-Q8_0.gguf",
    "m-Q4_K_M.gguf",
    "m-Q4_K_S.gguf",
    "mmproj-F16.gguf",
    "x.txt",
  );
  const pick = (quantisation: string | null, file: string | null = null) =>
    pickFiles(info, { kind: "repository", repository: "o/r", file, projector: null, quantisation })
      .map(({ path }) => path);
  assert.deepEqual(pick(null), ["m-Q4_K_M.gguf"]);
  assert.deepEqual(pick("q8_0"), ["m-Q8_0.gguf"]);
  assert.deepEqual(pick(null, "m-Q4_K_S.gguf"), ["m-Q4_K_S.gguf"]);
  assert.throws(
    () => pick("Q2_K"),
    /Cannot find Q2_K in o\/r: it holds m-Q4_K_M, m-Q4_K_S, m-Q8_0/,
  );
});

Deno.test("pickFiles() takes all shards, in their folder, and the projector with them", () => {
  const shards = [1, 2, 3].map((index) => `Q4_K_M/m-Q4_K_M-0000${index}-of-00003.gguf`);
  const reference = {
    kind: "repository",
    repository: "o/r",
    file: null,
    projector: "mmproj-F16.gguf",
    quantisation: null,
  } as const;
  const info = repository(...shards, "mmproj-F16.gguf");
  assert.deepEqual(pickFiles(info, reference).map(({ path }) => path), [
    ...shards,
    "mmproj-F16.gguf",
  ]);
  const torn = repository(shards[0] ?? "", shards[2] ?? "");
  assert.throws(() => pickFiles(torn, reference), /lacks Q4_K_M\/m-Q4_K_M-00002-of-00003.gguf/);
});
