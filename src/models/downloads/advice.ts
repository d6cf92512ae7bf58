import type { DownloadAdvice } from "../../downloads/mod.ts";

/** Remedies if a model can't be fetched. */
export const MODEL_ADVICE: DownloadAdvice = {
  denied: "accept the model's licence on its page, and put a token of your account into HF_TOKEN",
  nameTaken: "or download into another --models-dir",
};
