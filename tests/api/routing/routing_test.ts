import assert from "node:assert/strict";
import { RefusedError } from "../../../src/api/http/openai_errors.ts";
import { isJson, type Routing, routingReader } from "../../../src/api/routing/routing.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function read(body: string | Uint8Array, type = "application/json"): Promise<Routing> {
  return await routingReader(type)(typeof body === "string" ? bytesOf(body) : body);
}

/** The reason of a refusal, or what went wrong instead. */
async function reasonOf(body: string | Uint8Array): Promise<string> {
  const error = await read(body).then(() => null, (error) => error);
  assert.ok(error instanceof RefusedError && error.refusal.kind === "bad-body", `${error}`);
  return error.refusal.reason;
}

Deno.test("isJson() knows JSON by its media type", () => {
  for (
    const type of ["application/json", "Application/JSON; charset=utf-8", "application/x+json"]
  ) {
    assert.ok(isJson(type), type);
  }
  for (
    const type of [null, "", "text/plain", "text/json", "application/jsonx", "x/application/json"]
  ) {
    assert.ok(!isJson(type), `${type}`);
  }
});

Deno.test("A body names its model, or leaves the choice to the node", async () => {
  const table: [string, string | null][] = [
    ['{"model":"guide"}', "guide"],
    ['{"model":"a","model":"b"}', "b"],
    ["{}", null],
    ['{"model":null}', null],
    ['{"model":""}', null],
    ['{"inner":{"model":"guide"}}', null],
    ['\ufeff{"model":"guide"}', "guide"],
  ];
  for (const [body, model] of table) assert.equal((await read(body)).model, model, body);
});

Deno.test("A body that is no JSON object is refused with a sentence", async () => {
  const table: [string | Uint8Array, RegExp][] = [
    ["", /not JSON/],
    ["{", /not JSON/],
    ["model=guide", /not JSON/],
    [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /not JSON/],
    ["[]", /not a JSON object/],
    ["null", /not a JSON object/],
    ['"guide"', /not a JSON object/],
    ['{"model":7}', /has to be a name/],
    ['{"model":["guide"]}', /has to be a name/],
    [`{"a":${"[".repeat(1_000_000)}`, /nested too deeply/],
    [`{"a":${"[".repeat(101)}${"]".repeat(101)}}`, /nested too deeply/],
    [`[${"1,".repeat(1_000_001)}1]`, /too many values/],
  ];
  for (const [body, expected] of table) assert.match(await reasonOf(body), expected);
});

Deno.test("A body nested as deep as is allowed is read", async () => {
  const depth = 99;
  const body = `{"model":"guide","a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  assert.equal((await read(body)).model, "guide");
});

Deno.test("A form names its model in a field", async () => {
  const form = new FormData();
  form.set("file", new Blob(["sound"]), "a.wav");
  form.set("model", "whisper");
  const sent = new Response(form);
  const type = sent.headers.get("content-type")!;
  const body = await sent.bytes();
  assert.deepEqual(await read(body, type), {
    model: "whisper",
    conversation: "",
    streamed: false,
  });
  await assert.rejects(read(body.subarray(0, 40), type), RefusedError);
});

Deno.test("Content types that a foreign page may send unasked are refused", () => {
  for (const type of [null, "", "text/plain", "application/x-www-form-urlencoded"]) {
    assert.throws(() => routingReader(type), RefusedError, `${type}`);
  }
});
