/** A projector that sees and hears for the guide: the smallest that llama.cpp loads, with weights by chance. */

import {
  entry,
  type MetadataEntry,
  type TensorToWrite,
  u32,
  u64,
  writeGguf,
} from "./gguf_writer.ts";

/** The guide's width. */
const TEXT_WIDTH = 96;
const WIDTH = 32;
const FEED_FORWARD = 64;
const HEADS = 2;
const IMAGE_SIZE = 64;
const PATCH_SIZE = 8;
const PATCHES = (IMAGE_SIZE / PATCH_SIZE) ** 2;
const MEL_BINS = 80;
/** Whisper's: 30 s in steps of 20 ms. */
const POSITIONS = 1_500;
/** Positions in one token, of which all 1,500 make whole ones. */
const STACKED = 20;

const F32 = 0;
const F16 = 1;

/** Eyes as Gemma 3 has them, ears as Ultravox. */
export function writeProjector(path: string): void {
  writeGguf(path, { metadata: metadata(), tensors: [...vision(), ...audio()] });
}

/** Ears alone, of any width. Nothing can be heard with them: their weights are zeros. */
export function writeEars(path: string, width: number): void {
  const isEye = (key: string) => /vision/.test(key);
  const last = "mm.a.mlp.2.weight";
  writeGguf(path, {
    metadata: metadata().filter(({ key }) => !isEye(key)).map((one) =>
      one.key === "clip.audio.projection_dim" ? entry(one.key, width) : one
    ),
    tensors: audio().map((one) => one.name === last ? tensor(last, [FEED_FORWARD, width]) : one),
  });
}

function metadata(): MetadataEntry[] {
  return [
    entry("general.architecture", "clip"),
    flag("clip.has_vision_encoder"),
    flag("clip.has_audio_encoder"),
    flag("clip.use_gelu"),
    entry("clip.vision.projector_type", "gemma3"),
    entry("clip.audio.projector_type", "ultravox"),
    ...["vision", "audio"].flatMap((sense) => [
      entry(`clip.${sense}.embedding_length`, WIDTH),
      entry(`clip.${sense}.feed_forward_length`, FEED_FORWARD),
      entry(`clip.${sense}.block_count`, 1),
      entry(`clip.${sense}.projection_dim`, TEXT_WIDTH),
      entry(`clip.${sense}.attention.head_count`, HEADS),
      floats(`clip.${sense}.attention.layer_norm_epsilon`, 1e-5),
    ]),
    entry("clip.vision.image_size", IMAGE_SIZE),
    entry("clip.vision.patch_size", PATCH_SIZE),
    floats("clip.vision.image_mean", [0.5, 0.5, 0.5]),
    floats("clip.vision.image_std", [0.5, 0.5, 0.5]),
    entry("clip.audio.num_mel_bins", MEL_BINS),
    entry("clip.audio.projector.stack_factor", STACKED),
  ];
}

function vision(): TensorToWrite[] {
  return [
    tensor("v.patch_embd.weight", [PATCH_SIZE, PATCH_SIZE, 3, WIDTH], F16),
    tensor("v.patch_embd.bias", [WIDTH]),
    tensor("v.position_embd.weight", [WIDTH, PATCHES]),
    ...block("v"),
    tensor("mm.input_projection.weight", [TEXT_WIDTH, WIDTH]),
    tensor("mm.soft_emb_norm.weight", [WIDTH]),
  ];
}

function audio(): TensorToWrite[] {
  return [
    tensor("a.conv1d.1.weight", [3, MEL_BINS, WIDTH], F16),
    tensor("a.conv1d.1.bias", [1, WIDTH]),
    tensor("a.conv1d.2.weight", [3, WIDTH, WIDTH], F16),
    tensor("a.conv1d.2.bias", [1, WIDTH]),
    tensor("a.position_embd.weight", [WIDTH, POSITIONS]),
    ...block("a"),
    tensor("mm.a.norm_pre.weight", [WIDTH * STACKED]),
    tensor("mm.a.mlp.1.weight", [WIDTH * STACKED, 2 * FEED_FORWARD]),
    tensor("mm.a.norm_mid.weight", [FEED_FORWARD]),
    tensor("mm.a.mlp.2.weight", [FEED_FORWARD, TEXT_WIDTH]),
  ];
}

function block(sense: "v" | "a"): TensorToWrite[] {
  const weight = (name: string, from: number, to: number) =>
    tensor(`${sense}.blk.0.${name}.weight`, [from, to]);
  const bias = (name: string, width: number) => tensor(`${sense}.blk.0.${name}.bias`, [width]);
  const norm = (name: string) =>
    ["weight", "bias"].map((part) => tensor(`${sense}.${name}.${part}`, [WIDTH]));
  return [
    // Keys without a bias, as Whisper has them.
    weight("attn_k", WIDTH, WIDTH),
    ...["attn_q", "attn_v", "attn_out"].flatMap((name) => [
      weight(name, WIDTH, WIDTH),
      bias(name, WIDTH),
    ]),
    weight("ffn_up", WIDTH, FEED_FORWARD),
    bias("ffn_up", FEED_FORWARD),
    weight("ffn_down", FEED_FORWARD, WIDTH),
    bias("ffn_down", WIDTH),
    ...["blk.0.ln1", "blk.0.ln2", "post_ln"].flatMap(norm),
  ];
}

/** Of weights between -1/8 and 1/8, the same each time. */
function tensor(name: string, shape: readonly number[], type = F32): TensorToWrite {
  const count = shape.reduce((product, length) => product * length, 1);
  const byteLength = count * (type === F32 ? 4 : 2);
  return { name, type, shape, byteLength, fill: type === F32 ? fillFloats : fillHalves };
}

function fillFloats(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const next = chance();
  for (let at = 0; at < bytes.length; at += 4) view.setFloat32(at, next() / 4 - 1 / 8, true);
}

/** Numbers of either sign with an exponent of -4, and any mantissa. */
function fillHalves(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const next = chance();
  for (let at = 0; at < bytes.length; at += 2) {
    view.setUint16(at, (next() < 0.5 ? 0x8000 : 0) | 0x2c00 | Math.floor(next() * 0x400), true);
  }
}

/** Park and Miller's minimal standard. */
function chance(): () => number {
  let state = 1;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

function flag(key: string): MetadataEntry {
  return { key, type: 7, value: Uint8Array.of(1) };
}

/** FLOAT32, or an array of it. */
function floats(key: string, value: number | readonly number[]): MetadataEntry {
  const bytes = new Uint8Array(new Float32Array([value].flat()).buffer);
  if (typeof value === "number") return { key, type: 6, value: bytes };
  return { key, type: 9, value: Uint8Array.from([...u32(6), ...u64(value.length), ...bytes]) };
}
