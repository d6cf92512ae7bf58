/** Numbers of the models folder, each with its reason. */

/**
 * A model takes at least this much of its size: room for what no header tells (per-device buffers
 * of a split, whole layers that do not divide as finely as memory does, the runtime itself).
 */
export const FIT_FACTOR = 1.1;

/**
 * Tokens for each request where the user names no number, if the model was trained for more. Caches of trained lengths
 * outweigh the weights (17 GB for an 8B model at 131,072); this holds an agent's first prompt and a long conversation, for
 * 4 GiB with an 8B model.
 */
export const DEFAULT_CONTEXT_LENGTH = 32_768;

/**
 * The same for a model that pools its output. llama.cpp computes such a text in one piece, and its buffers grow with it:
 * texts are cut into pieces of a few hundred tokens before they are embedded, and the longest are pages.
 */
export const DEFAULT_POOLED_LENGTH = 8_192;

/**
 * Requests that a model answers at one time where there is memory for it: llama-server's own number.
 *
 * A split keeps to its least shape: one, unless its user says more. Whatever a model takes beyond that it gives back where
 * another model needs the memory, by being loaded anew with less. Alone that concerns one llama-server. Of a split each
 * machine has a part of every slot, so that a model on any of them would end it on all: its host would have to answer what
 * runs, and load it with every worker once more. On 2026-11-30, over loopback on two busy cores, that took a model of
 * 400 MB 10 and 12 s, and alone 1.5 and 1.8 s; over a network it takes longer. In the same test a single caller was not
 * slower with four slots than with one: whoever has several callers and memory to spare should use `--parallel`.
 */
export const USUAL_SLOTS = 4;

/** The part of the memory that is left which a model takes for more slots and context than it needs. Chosen by feel. */
export const EXTRA_SHARE = 0.5;

/** llama.cpp rounds a context up to this many cells. */
export const CONTEXT_STEP = 256;

/** Tokens that llama-server computes at once (its default `--ubatch-size`): the height of its buffers. */
export const BATCH_TOKENS = 512;

/** First read of a file: holds the whole header of a model without a large vocabulary. */
export const FIRST_READ_BYTES = 64 * 1024;

/** Headers of current models are under 30 MB, almost all of it vocabulary. */
export const MAX_HEADER_BYTES = 128 * 1024 * 1024;

/** Models have under 100 metadata entries. */
export const MAX_METADATA_ENTRIES = 65_536;

/** A large mixture with one tensor an expert has some 50,000. */
export const MAX_TENSORS = 262_144;

/** The GGUF specification's limit for a key. */
export const MAX_KEY_BYTES = 65_535;

/** ggml's limit for a tensor's name (GGML_MAX_NAME) without its closing zero. */
export const MAX_TENSOR_NAME_BYTES = 63;

/** Text values above this are not kept: chat templates, licences. */
export const MAX_TEXT_BYTES = 1024;

/** Arrays of one number a layer are kept, vocabularies are not. llama.cpp's own limit is 512 layers. */
export const MAX_KEPT_NUMBERS = 1024;

/** How deep below a models folder files are looked for: `publisher/model/quantisation/file.gguf`. */
export const SEARCH_DEPTH = 3;

/** Below a commit of Hugging Face's cache: `folder/file.gguf`, and one more. */
export const HUB_FILE_DEPTH = 2;

/** Headers read at the same time while listing; macOS allows a process 256 open files. */
export const PARALLEL_READS = 8;

/** Tokens of a vocabulary that are compared: models that differ in one of them differ early. */
export const COMPARED_TOKENS = 16_384;

/** A draft that is larger than this part of its model costs more time than its guesses save. Chosen by what is usual. */
export const DRAFT_SIZE_RATIO = 6;

/** Tokens by which the vocabularies of a draft and its model may differ: SPEC_VOCAB_MAX_SIZE_DIFFERENCE in llama.cpp. */
export const VOCABULARY_SLACK = 128;

/** A file that is being copied changes many times a second; it is looked at once it is whole. */
export const FOLDER_QUIET_MS = 500;

/**
 * The interval between two scans of the folders when no watcher reports changes. A scan of unchanged files takes
 * milliseconds.
 */
export const RESCAN_INTERVAL_MS = 60_000;

/** An announcement names so many workers at most, and each costs a round trip a token. */
export const MAX_SPLIT_WORKERS = 256;

/** Metadata of a repository with hundreds of files is under 1 MB. */
export const MAX_METADATA_BYTES = 8 * 1024 * 1024;

/** Window of the rate that is shown: long enough to be calm, short enough to be true. */
export const RATE_WINDOW_MS = 10_000;

/** Between two reports of progress. */
export const REPORT_INTERVAL_MS = 250;

/** The size of the records of unfinished downloads: a name and a path for each of its files. */
export const UNFINISHED_BYTES_MAX = 1024 * 1024;
