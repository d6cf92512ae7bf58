import assert from "node:assert/strict";
import { listModels } from "../../../src/api/routing/model_list.ts";
import { instance } from "../fake_node.ts";

Deno.test("listModels() has each model once, with what all its instances can do", () => {
  const warm = [
    instance("a", "large", { mode: "split", sizeBytes: 90, contextLength: 8_192 }),
    instance("b", "large", { sizeBytes: 90 }),
    instance("c", "guide"),
  ];
  const common = { object: "model", created: 5, owned_by: "mesh-llm", state: "warm" };
  assert.deepEqual(listModels({ warm: () => warm, unserved: () => [] }, 5), [
    {
      ...common,
      id: "guide",
      aliases: [],
      size_bytes: 7,
      context_length: 4_096,
      modes: ["solo"],
      instances: 1,
    },
    {
      ...common,
      id: "large",
      aliases: [],
      size_bytes: 90,
      context_length: 4_096,
      modes: ["solo", "split"],
      instances: 2,
    },
  ]);
});

Deno.test("listModels() has what a request would load behind what answers, each with its state", () => {
  const cold = { id: "a", name: "a", fingerprint: "f", aliases: ["b"], sizeBytes: 9 };
  const listed = listModels({
    warm: () => [instance("a", "guide")],
    unserved: () => [
      { ...cold, id: "z", state: "loading" },
      { ...cold, id: "y", state: "turn" },
      { ...cold, state: "cold" },
      { ...cold, id: "guide", state: "cold" },
    ],
  }, 5);
  assert.deepEqual(listed.map(({ id, state }) => `${id} ${state}`), [
    "guide warm",
    "z loading",
    "y turn",
    "a cold",
  ]);
  assert.deepEqual(listed.at(-1), {
    id: "a",
    aliases: ["b"],
    object: "model",
    created: 5,
    owned_by: "mesh-llm",
    state: "cold",
    size_bytes: 9,
    modes: [],
    instances: 0,
  });
});
