import { conversationStart } from "./conversation.ts";
import { checkForm, checkInference } from "./inference_bounds.ts";
import { excessOf } from "../http/json_bounds.ts";
import { RefusedError } from "../http/openai_errors.ts";

/** The part of a request's body that the gateway reads. */
export interface Routing {
  /** `null` where the caller leaves the choice to the node. */
  readonly model: string | null;
  /** See `conversationStart`. */
  readonly conversation: string;
  /** The caller reads the answer as Server-Sent Events. */
  readonly streamed: boolean;
}

/** True for a Content-Type of JSON. */
export function isJson(contentType: string | null): boolean {
  return /^application\/([\w.-]+\+)?json$/.test(mediaType(contentType));
}

/** How to read a body of this Content-Type. A foreign page can send any other type without asking first. */
export function routingReader(
  contentType: string | null,
): (body: Uint8Array) => Routing | Promise<Routing> {
  if (isJson(contentType)) return readJson;
  if (contentType !== null && mediaType(contentType) === "multipart/form-data") {
    return (body) => readForm(body, contentType);
  }
  throw new RefusedError({ kind: "content-type", found: contentType });
}

function mediaType(contentType: string | null): string {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function readJson(bytes: Uint8Array): Routing {
  const body = parseObject(bytes);
  checkInference(body);
  return {
    model: readModel(body.model),
    conversation: conversationStart(body),
    streamed: body.stream === true,
  };
}

/** Audio comes as a form. */
async function readForm(bytes: Uint8Array, contentType: string): Promise<Routing> {
  const headers = { "content-type": contentType };
  const form = await new Response(bytes as BodyInit, { headers }).formData().catch((error) => {
    throw badBody(`The request body is not a form: ${error.message}`);
  });
  checkForm(form);
  return { model: readModel(form.get("model")), conversation: "", streamed: false };
}

/** A body of JSON, held to the bounds of all of them. @throws {RefusedError} */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  const excess = excessOf(bytes);
  if (excess === "depth") throw badBody("The request body is nested too deeply");
  if (excess === "values") throw badBody("The request body has too many values");
  const body = parseJson(bytes);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badBody("The request body is not a JSON object");
  }
  return body as Record<string, unknown>;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw badBody(`The request body is not JSON: ${(error as Error).message}`);
  }
}

function readModel(model: unknown): string | null {
  if (model === undefined || model === null || model === "") return null;
  if (typeof model !== "string") throw badBody("The model has to be a name", "model");
  return model;
}

function badBody(reason: string, param?: string): RefusedError {
  return new RefusedError({ kind: "bad-body", reason, param });
}
