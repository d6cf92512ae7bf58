import { basename } from "node:path";
import { InvalidReferenceError } from "../base/errors.ts";
import { isGgufName, shardName } from "../base/shards.ts";
import { findInCatalog } from "./catalog.ts";
import { isModelName } from "../../base/model_name.ts";

/** The reference by which a download is requested. */
export type ModelReference =
  | {
    readonly kind: "repository";
    readonly repository: string;
    /** A file of the repository where one is named exactly. */
    readonly file: string | null;
    readonly projector: string | null;
    readonly quantisation: string | null;
  }
  | { readonly kind: "url"; readonly url: string; readonly name: string };

const REPOSITORY = /^([\w.-]{1,96}\/[\w.-]{1,96}?)(?::([\w.-]{1,32}))?$/;

/** `https://huggingface.co/org/repo/resolve/main/folder/file.gguf`, as it is copied from a browser. */
const FILE_PAGE = /^\/([\w.-]+\/[\w.-]+)\/(?:resolve|blob)\/[\w.-]+\/(.+\.gguf)$/;

/**
 * A name of the catalog, `org/repo[:quantisation]` on Hugging Face, or an https URL of a GGUF file.
 * @param hub where `HF_ENDPOINT` points
 * @throws {InvalidReferenceError} saying what may be named
 */
export function parseReference(text: string, hub: URL): ModelReference {
  const listed = findInCatalog(text);
  if (listed !== undefined) {
    const { repository, file, projector, quantisation } = listed;
    return { kind: "repository", repository, file, projector, quantisation };
  }
  if (URL.canParse(text) && text.includes("://")) return parseUrl(new URL(text), hub);
  const [, repository, quantisation] = REPOSITORY.exec(text) ?? [];
  if (repository === undefined || repository.includes("..")) throw new InvalidReferenceError(text);
  const none = { file: null, projector: null };
  return { kind: "repository", repository, quantisation: quantisation ?? null, ...none };
}

function parseUrl(url: URL, hub: URL): ModelReference {
  const [, repository, file] = url.host === hub.host ? FILE_PAGE.exec(url.pathname) ?? [] : [];
  if (repository !== undefined && file !== undefined) {
    const whole = { file: decoded(file, url), projector: null, quantisation: null };
    return { kind: "repository", repository, ...whole };
  }
  const fileName = decoded(basename(url.pathname), url);
  const { model, count } = shardName(fileName);
  const usable = url.protocol === "https:" && isGgufName(fileName) && isModelName(model);
  if (!usable || count > 1 || url.username !== "" || fileName.includes("/")) {
    throw new InvalidReferenceError(url.href);
  }
  return { kind: "url", url: url.href, name: model };
}

function decoded(text: string, { href }: URL): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidReferenceError(href);
  }
}
