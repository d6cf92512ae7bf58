import assert from "node:assert/strict";
import { chooseMesh } from "../../../src/mesh/pairing/choose_mesh.ts";

const [studio, office, namesake] = [
  { name: "Studio", shortId: "0a1b2c3d" },
  { name: "office", shortId: "11111111" },
  { name: "studio", shortId: "22222222" },
];

for (
  const [meshes, asked, chosen] of [
    [[studio], null, studio],
    [[studio, office], "studio", studio],
    [[studio, office], " OFFICE ", office],
    [[studio, namesake], "22222222", namesake],
    [[studio, namesake], "0A1B2C3D", studio],
    [[], null, /No other mesh .* without --no-lan/],
    [[], "studio", /No other mesh/],
    [[studio, office], null, /name one: Studio \(0a1b2c3d\), office \(11111111\)$/],
    [[studio, namesake], "studio", /by its number: Studio \(0a1b2c3d\), studio \(22222222\)$/],
    [[office], "studio", /No mesh of that name .* office \(11111111\)$/],
  ] as const
) {
  const names = meshes.map((mesh) => mesh!.name).join(" and ");
  Deno.test(`chooseMesh() of "${names}" by ${asked}`, () => {
    const choose = () => chooseMesh(meshes.map((mesh) => mesh!), asked);
    if (chosen instanceof RegExp) assert.throws(choose, { why: "unknown-mesh", message: chosen });
    else assert.equal(choose(), chosen);
  });
}
