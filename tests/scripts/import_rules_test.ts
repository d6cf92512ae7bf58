import assert from "node:assert/strict";
import { checkImports, importGraph, importsOf } from "../../scripts/import_rules.ts";

const packages = { shipped: new Set(["hono", "@scope/pkg"]), development: new Set(["vite"]) };

/** The fault of one file's one import. */
function verdict(path: string, text: string): string | null {
  const [offence] = checkImports([{ path, text }], packages);
  return offence?.message ?? null;
}

Deno.test("importsOf() finds every form of import and its line", () => {
  const text = [
    'import a from "a";',
    'import type { B } from "b";',
    "import {",
    "  c,",
    "  type D,",
    '} from "c";',
    'import "e";',
    'export * from "f";',
    'export type { G } from "g";',
    'const h = await import("./h.ts");',
    'const notAnImport = "from \\"i\\"";',
    "export const j = 1;",
    'export { k } from "k";',
  ].join("\n");
  assert.deepEqual(
    importsOf(text).map(({ specifier, line, typeOnly }) => `${line} ${specifier} ${typeOnly}`),
    [
      "1 a false",
      "2 b true",
      "3 c false",
      "7 e false",
      "8 f false",
      "9 g true",
      "10 ./h.ts false",
      "13 k false",
    ],
  );
});

const allowed: [path: string, text: string][] = [
  ["main.ts", 'import { run } from "./src/cli/mod.ts";'],
  ["src/cli/run.ts", 'const node = await import("../node/mod.ts");'],
  ["src/cli/run.ts", 'import { parseToken } from "../mesh/mod.ts";'],
  ["src/cli/version.ts", 'import manifest from "../../package.json" with { type: "json" };'],
  ["src/node/plan.ts", 'import { place } from "../models/mod.ts";'],
  ["src/node/config.ts", 'import { MESH_DEFAULTS } from "../mesh/config.ts";'],
  ["src/mesh/base/config.ts", 'import { MESH_TIMINGS } from "./timings.ts";'],
  ["src/api/base/config.ts", 'import type { Hono } from "hono";'],
  ["src/mesh/gossip.ts", 'import { x } from "./members.ts";'],
  ["src/mesh/quic/stream.ts", 'import { x } from "../../base/x.ts";'],
  ["src/api/openai/route.ts", 'import { x } from "../base/types.ts";'],
  ["src/mesh/active_mesh.ts", 'import { x } from "./gossip/member.ts";'],
  ["src/mesh/gossip/member.ts", 'import { x } from "../gossip/roster.ts";'],
  ["src/node/plan/assignment/hot.ts", 'import { x } from "../view.ts";'],
  ["src/base/run.ts", 'import { x } from "./deep/er.ts";'],
  ["src/api/routes.ts", 'import { Hono } from "hono/tiny";'],
  ["src/api/routes.ts", 'import { x } from "@scope/pkg/deep";'],
  ["src/engine/run.ts", 'import { join } from "node:path";'],
  ["console/src/api.ts", 'import type { Api } from "../../src/api/mod.ts";'],
  ["console/vite.config.ts", 'import { defineConfig } from "vite";'],
  ["scripts/test.ts", 'import { engine } from "../tests/support/engine.ts";'],
  ["tests/mesh/gossip_test.ts", 'import { x } from "../../src/mesh/gossip.ts";'],
];

for (const [path, text] of allowed) {
  Deno.test(`checkImports() lets ${path} say ${text}`, () => {
    assert.equal(verdict(path, text), null);
  });
}

const refused: [path: string, text: string, message: string][] = [
  [
    "src/mesh/base/clock.ts",
    'import { x } from "../gossip/member.ts";',
    "src/mesh/base must not import src/mesh/gossip, which is above it",
  ],
  [
    "src/mesh/gossip/member.ts",
    'import type { X } from "../mesh_node.ts";',
    "src/mesh/gossip must not import src/mesh, which is above it",
  ],
  [
    "src/mesh/cellar/x.ts",
    'import { x } from "../base/clock.ts";',
    'src/mesh has no room "cellar": scripts/rooms.ts lists them',
  ],
  [
    "src/mesh/gossip.ts",
    'import { x } from "../tunnel/mod.ts";',
    "src/mesh must not import src/tunnel",
  ],
  [
    "src/models/fit.ts",
    'import type { X } from "../engine/types.ts";',
    "src/models must not import src/engine",
  ],
  ["src/api/routes.ts", 'import { x } from "../node/mod.ts";', "src/api must not import src/node"],
  ["src/base/x.ts", 'import { x } from "../mesh/mod.ts";', "src/base must not import src/mesh"],
  ["src/node/plan.ts", 'import { x } from "../cli/mod.ts";', "src/node must not import src/cli"],
  [
    "src/mesh/config.ts",
    'import { x } from "./mesh_node.ts";',
    "src/mesh/config.ts is for settings and numbers, so that it loads nothing: src/mesh/mesh_node.ts is neither",
  ],
  [
    "src/node/plan/defaults.ts",
    'import { z } from "hono";',
    'src/node/plan/defaults.ts is for settings and numbers, so that it loads nothing: "hono" is neither',
  ],
  [
    "src/node/plan.ts",
    'import { x } from "../mesh/gossip.ts";',
    "src/mesh is entered through its mod.ts, or its config.ts for what can be set",
  ],
  [
    "src/node/plan.ts",
    'import { x } from "../../tests/support/y.ts";',
    "src/node must not import tests",
  ],
  [
    "console/src/api.ts",
    'import { createApi } from "../../src/api/mod.ts";',
    "console must not import src/api",
  ],
  [
    "console/src/api.ts",
    'import type { Plan } from "../../src/node/mod.ts";',
    "console must not import src/node",
  ],
  ["main.ts", 'import { x } from "./src/node/mod.ts";', "main must not import src/node"],
  [
    "src/api/routes.ts",
    'import { serve } from "jsr:@std/http";',
    '"jsr:@std/http" is fetched from elsewhere; use npm',
  ],
  [
    "tests/api/x_test.ts",
    'import { x } from "https://deno.land/x/y.ts";',
    '"https://deno.land/x/y.ts" is fetched from elsewhere; use npm',
  ],
  ["src/api/routes.ts", 'import x from "lodash";', 'package.json does not name "lodash"'],
  ["src/api/routes.ts", 'import { build } from "vite";', '"vite" is for development only'],
];

for (const [path, text, message] of refused) {
  Deno.test(`checkImports() refuses that ${path} says ${text}`, () => {
    assert.equal(verdict(path, text), message);
  });
}

Deno.test("checkImports() says where an offence is", () => {
  const text = 'import { a } from "./a.ts";\n\nimport { x } from "../mesh/mod.ts";\n';
  assert.deepEqual(checkImports([{ path: "src/engine/run.ts", text }], packages), [
    { path: "src/engine/run.ts", line: 3, message: "src/engine must not import src/mesh" },
  ]);
});

Deno.test("importGraph() knows what files import of each other, types too, and leaves out the rest", () => {
  const files = [
    { path: "src/a/x.ts", text: 'import type { Y } from "../b/y.ts";\nimport "hono";\n' },
    { path: "src/b/y.ts", text: 'export { x } from "../a/x.ts";\nimport z from "./gone.ts";\n' },
  ];
  assert.deepEqual(
    importGraph(files),
    new Map([["src/a/x.ts", ["src/b/y.ts"]], ["src/b/y.ts", ["src/a/x.ts"]]]),
  );
});
