import { z } from "zod";
import { isModelName } from "../../base/model_name.ts";

export const modelName = z.string().refine(isModelName);

/** A model as the frames name it. */
export const modelFields = {
  model: modelName,
  fingerprint: z.string().regex(/^[\w:.-]{1,128}$/),
};
