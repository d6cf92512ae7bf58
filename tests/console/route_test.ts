import assert from "node:assert/strict";
import { hrefOf, pageOf, PAGES } from "../../console/src/lib/route.ts";

Deno.test("pageOf() reads what hrefOf() writes, and leads to the mesh otherwise", () => {
  for (const page of PAGES) assert.equal(pageOf(hrefOf(page)), page);
  for (const hash of ["", "#", "#/", "#nowhere", "#constructor"]) {
    assert.equal(pageOf(hash), "mesh");
  }
  assert.equal(pageOf("#/chat?x"), "chat");
});
