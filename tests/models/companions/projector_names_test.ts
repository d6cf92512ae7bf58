import assert from "node:assert/strict";
import { nameRelation } from "../../../src/models/companions/projector_names.ts";

/** As publishers name them: a projector, and the model beside it. */
const PUBLISHED: readonly (readonly [projector: string, model: string])[] = [
  ["mmproj-gemma-3-4b-it-f16", "gemma-3-4b-it-Q4_K_M"],
  ["mmproj-Qwen2.5-VL-7B-Instruct-Q8_0", "Qwen2.5-VL-7B-Instruct-IQ3_XXS"],
  ["mmproj-Qwen2.5-VL-7B-Instruct-Q6_K", "Qwen2.5-VL-7B-Instruct-UD-Q4_K_XL"],
  ["mmproj-google_gemma-3-4b-it-bf16", "google_gemma-3-4b-it-Q4_0"],
  ["mmproj-google_gemma-3-4b-it-bf16", "gemma-3-4b-it-Q4_0"],
  ["mmproj-gemma-3-4b-it-f16", "google_gemma-3-4b-it-Q8_0"],
  ["Qwen2-VL-2B-Instruct.mmproj-Q8_0", "Qwen2-VL-2B-Instruct.i1-Q4_K_S"],
  ["Qwen2-VL-2B-Instruct.mmproj-fp16", "Qwen2-VL-2B-Instruct.Q4_K_S"],
  ["llava-llama-3-8b-v1_1-mmproj-f16", "llava-llama-3-8b-v1_1-int4"],
  ["Ministral-3-8B-Instruct-2512-BF16-mmproj", "Ministral-3-8B-Instruct-2512-Q5_K_M"],
  ["moondream2-mmproj-f16-20250414", "moondream2-text-model-f16_ct-vicuna"],
  ["gemma_3_4b_it_mmproj_f16", "gemma-3-4b-it-q4_0"],
  ["mmproj-Qwen3VL-8B-Instruct-F16", "Qwen3VL-8B-Instruct-MXFP4_MOE"],
  ["Voxtral-Mini-3B-2507.mmproj-f32", "Voxtral-Mini-3B-2507.Q4_0_4_8"],
];

const UNNAMED = [
  ...["mmproj", "mmproj-F16", "mmproj-fp16", "mmproj-model-f16", "mmproj-BF16", "mmproj_f32"],
  ...[
    "mmproj-Q8_0",
    "model-mmproj-Q6_K",
    "ggml-mmproj-model-f16",
    "clip-vision-f16",
    "MMPROJ.Q5_K_M",
  ],
];

const OTHERS: readonly (readonly [projector: string, model: string])[] = [
  ["mmproj-Qwen2-VL-7B-Instruct-f16", "Qwen2.5-VL-7B-Instruct-Q4_K_M"],
  ["mmproj-gemma-3-4b-it-f16", "gemma-3-12b-it-Q4_K_M"],
  ["llava-v1.5-7b-mmproj-f16", "Mistral-7B-Instruct-v0.3-Q4_K_M"],
  ["gemma-3-4b-it.mmproj-Q8_0", "gemma-3-4-Q8_0"],
];

Deno.test("nameRelation() knows the spellings of projectors' names", () => {
  for (const [projector, model] of PUBLISHED) {
    assert.equal(nameRelation(projector, model), "alike", `${projector} for ${model}`);
  }
  for (const name of UNNAMED) assert.equal(nameRelation(name, "any-7B-Q4_K_M"), "unnamed", name);
  for (const [projector, model] of OTHERS) {
    assert.equal(nameRelation(projector, model), "other", `${projector} for ${model}`);
  }
});
