/**
 * The arguments of llama-server that a user of this node may set for a model. Whatever stands in none of the lists is
 * refused: a later llama.cpp may bring arguments of which nobody here has judged what they open.
 */

/** They choose tokens, shape the cache or the prompt, and open nothing: whoever manages the node may set them. */
const TAKES_VALUE = [
  // Sampling.
  ["--samplers"],
  ["--seed", "-s"],
  ["--sampler-seq", "--sampling-seq"],
  ["--temp", "--temperature"],
  ["--top-k"],
  ["--top-p"],
  ["--min-p"],
  ["--top-nsigma", "--top-n-sigma"],
  ["--xtc-probability"],
  ["--xtc-threshold"],
  ["--typical", "--typical-p"],
  ["--repeat-last-n"],
  ["--repeat-penalty"],
  ["--presence-penalty"],
  ["--frequency-penalty"],
  ["--dry-multiplier"],
  ["--dry-base"],
  ["--dry-allowed-length"],
  ["--dry-penalty-last-n"],
  ["--dry-sequence-breaker"],
  ["--adaptive-target"],
  ["--adaptive-decay"],
  ["--dynatemp-range"],
  ["--dynatemp-exp"],
  ["--mirostat"],
  ["--mirostat-lr"],
  ["--mirostat-ent"],
  ["--logit-bias", "-l"],
  ["--grammar"],
  ["--json-schema", "-j"],
  ["--predict", "--n-predict", "-n"],
  ["--keep"],
  // The cache of a conversation.
  ["--cache-type-k", "-ctk"],
  ["--cache-type-v", "-ctv"],
  ["--flash-attn", "-fa"],
  ["--cache-reuse"],
  // Templates and reasoning.
  ["--chat-template"],
  ["--chat-template-kwargs"],
  ["--reasoning-format"],
  ["--reasoning", "-rea"],
  ["--reasoning-effort"],
  ["--reasoning-budget"],
  ["--reasoning-budget-message"],
  // Rope.
  ["--rope-scaling"],
  ["--rope-scale"],
  ["--rope-freq-base"],
  ["--rope-freq-scale"],
  ["--yarn-orig-ctx"],
  ["--yarn-ext-factor"],
  ["--yarn-attn-factor"],
  ["--yarn-beta-slow"],
  ["--yarn-beta-fast"],
  // Embeddings and images.
  ["--embd-normalize"],
  ["--image-min-tokens"],
  ["--image-max-tokens"],
] as const;

const STANDS_ALONE = [
  ["--ignore-eos"],
  ["--swa-full"],
  ["--cache-prompt", "--no-cache-prompt"],
  ["--context-shift", "--no-context-shift"],
  ["--jinja", "--no-jinja"],
  ["--reasoning-preserve", "--no-reasoning-preserve"],
  ["--prefill-assistant", "--no-prefill-assistant"],
  ["--skip-chat-parsing", "--no-skip-chat-parsing"],
  ["--special", "-sp"],
  ["--spm-infill"],
] as const;

/**
 * They read a file of this machine, or steer how its processor and memory are used. Only who may write `config.toml` may
 * set them.
 */
const FILE_TAKES_VALUE = [
  ["--chat-template-file"],
  ["--grammar-file"],
  ["--json-schema-file", "-jf"],
  // Adapters change what the model says, and are files that its user has.
  ["--lora"],
  ["--lora-scaled"],
  ["--control-vector"],
  ["--control-vector-scaled"],
  // It is read only; its sister, which is written, is refused.
  ["--lookup-cache-static", "-lcs"],
  ["--batch-size", "-b"],
  ["--ubatch-size", "-ub"],
  ["--threads", "-t"],
  ["--threads-batch", "-tb"],
  ["--cpu-mask", "-C"],
  ["--cpu-range", "-Cr"],
  ["--cpu-strict"],
  ["--cpu-mask-batch", "-Cb"],
  ["--cpu-range-batch", "-Crb"],
  ["--cpu-strict-batch"],
  ["--prio"],
  ["--prio-batch"],
  ["--poll-batch"],
  ["--numa"],
  ["--load-mode", "-lm"],
  ["--lazy-mode", "-lzm"],
  ["--override-tensor", "-ot"],
  ["--override-kv"],
  ["--n-cpu-moe", "-ncmoe"],
  ["--n-cpu-ffn", "-ncffn"],
  ["--moe-cache-mib"],
  ["--split-mode", "-sm"],
  ["--main-gpu", "-mg"],
  ["--cache-ram", "-cram"],
  ["--ctx-checkpoints", "--swa-checkpoints", "-ctxcp"],
  ["--checkpoint-min-step", "-cms"],
  ["--slot-prompt-similarity", "-sps"],
  ["--spec-type"],
  ["--spec-draft-n-max"],
  ["--spec-draft-n-min"],
  ["--spec-draft-p-min", "--draft-p-min"],
  ["--spec-draft-p-split", "--draft-p-split"],
  ["--spec-draft-type-k", "-ctkd", "--cache-type-k-draft"],
  ["--spec-draft-type-v", "-ctvd", "--cache-type-v-draft"],
  ["--spec-ngram-mod-n-min"],
  ["--spec-ngram-mod-n-max"],
  ["--spec-ngram-mod-n-match"],
  ["--spec-ngram-simple-size-n"],
  ["--spec-ngram-simple-size-m"],
  ["--spec-ngram-simple-min-hits"],
  ["--spec-ngram-map-k-size-n"],
  ["--spec-ngram-map-k-size-m"],
  ["--spec-ngram-map-k-min-hits"],
  ["--spec-ngram-map-k4v-size-n"],
  ["--spec-ngram-map-k4v-size-m"],
  ["--spec-ngram-map-k4v-min-hits"],
] as const;

const FILE_STANDS_ALONE = [
  ["--mlock"],
  ["--mmap", "--no-mmap"],
  ["--direct-io", "--no-direct-io", "-dio", "-ndio"],
  ["--kv-offload", "--no-kv-offload", "-kvo", "-nkvo"],
  ["--repack", "--no-repack", "-nr"],
  ["--no-host"],
  ["--op-offload", "--no-op-offload"],
  ["--cpu-moe", "-cmoe"],
  ["--check-tensors"],
  ["--warmup", "--no-warmup"],
  ["--cont-batching", "--no-cont-batching", "-cb", "-nocb"],
  ["--cache-idle-slots", "--no-cache-idle-slots"],
  ["--backend-sampling", "-bs"],
] as const;

export type Door = "api" | "file";

export interface KnownArgument {
  readonly takesValue: boolean;
  readonly door: Door;
}

function rows(
  names: readonly (readonly string[])[],
  known: KnownArgument,
): (readonly [string, KnownArgument])[] {
  return names.flat().map((name) => [name, known] as const);
}

/** By each of their spellings. */
export const ALLOWED: ReadonlyMap<string, KnownArgument> = new Map([
  ...rows(TAKES_VALUE, { takesValue: true, door: "api" }),
  ...rows(STANDS_ALONE, { takesValue: false, door: "api" }),
  ...rows(FILE_TAKES_VALUE, { takesValue: true, door: "file" }),
  ...rows(FILE_STANDS_ALONE, { takesValue: false, door: "file" }),
]);
