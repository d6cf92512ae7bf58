import assert from "node:assert/strict";
import { join } from "node:path";
import { textOf, textState } from "../../src/cli/commands/chat_session.ts";
import { meaningOfWords } from "../../src/cli/commands/run_chat.ts";
import { testBinDir } from "../support/engine.ts";
import { startNode } from "../support/node_process.ts";
import { programCommand, runProgram, temporaryFolder } from "../support/program.ts";
import { openTerminal } from "../support/terminal.ts";

const MESH =
  "A mesh is a small group of machines that trust each other. Each one shares memory, models or both, " +
  "and every one of them offers the same API.";

Deno.test("chat answers a prompt, a pipe and a user in a terminal", async (test) => {
  await using folder = await temporaryFolder();
  const dataDir = `${folder.path}/data`;
  const chat = (...words: string[]) => ["chat", ...words, "--data-dir", dataDir];

  await test.step("without a node it says what other commands say", async () => {
    const { code, stderr } = await runProgram(chat("guide", "hello"));
    assert.equal(code, 1);
    assert.match(stderr, /No node is running on .*: start one with mesh-llm console/);
  });

  await using node = await startNode({
    dataDir,
    args: ["--model", "guide", "--bin-dir", await testBinDir()],
  });
  await node.serving("guide");

  await test.step("a prompt", async () => {
    const outcome = await runProgram(chat("guide", "What is a mesh?"));
    assert.deepEqual(outcome, { code: 0, stdout: `${MESH}\n`, stderr: "" });
    const elsewhere = await runProgram(
      ["chat", "What is a mesh?", "--api", `${node.ready.api}/v1`, "--data-dir", folder.path],
    );
    assert.equal(elsewhere.stdout, `${MESH}\n`, elsewhere.stderr);
    const gone = await runProgram(chat("gone", "What is a mesh?"));
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /^mesh-llm: .*gone/);
  });

  await test.step("a pipe, and one that nobody reads", async () => {
    const command = programCommand(chat(), { stdin: "piped" }, folder.path);
    for (const isRead of [true, false]) {
      const child = command.spawn();
      if (!isRead) await child.stdout.cancel();
      const input = child.stdin.getWriter();
      await input.write(new TextEncoder().encode("What is a mesh?\n"));
      await input.close();
      const [told, answer] = await Promise.all([
        new Response(child.stderr).text(),
        isRead ? new Response(child.stdout).text() : null,
      ]);
      assert.equal(told, "");
      if (isRead) assert.equal(answer, `${MESH}\n`);
      assert.equal((await child.status).code, 0);
    }
  });

  await test.step("a terminal: several lines, Ctrl-C, commands, the history", async () => {
    await using terminal = openTerminal(chat("guide"), folder.path);
    await terminal.until(/>>> /);
    terminal.type("What is a mesh?\r");
    await terminal.until(/offers the same API\.[^]*>>> /);
    // Ctrl-C clears what is typed.
    terminal.type('"""\r');
    await terminal.until(/\.\.\. /);
    terminal.type("never asked\x03");
    await terminal.until(/>>> /);
    terminal.type("/clear\r");
    await terminal.until(/What was said is forgotten[^]*>>> /);
    terminal.type('"""\rWhat is a mesh?\r"""\r');
    await terminal.until(/offers the same API\.[^]*>>> /);
    terminal.type("/model\r");
    await terminal.until(/\nguide\r?\n[^]*>>> /);
    terminal.type("/nothing\r");
    await terminal.until(/There is no command \/nothing: \/help lists them[^]*>>> /);
    terminal.type("/system Be brief.\r");
    await terminal.until(/The system text is set[^]*>>> /);
    terminal.type("\x03");
    assert.equal(await terminal.exited(), 0);
    const kept = join(dataDir, "chat-history.json");
    const lines = ["/system Be brief.", "/nothing", "/model", "What is a mesh?", "/clear"];
    assert.deepEqual(JSON.parse(await Deno.readTextFile(kept)), lines);
    assert.equal((await Deno.stat(kept)).mode! & 0o777, 0o600);
  });
});

Deno.test("Ctrl-C stops an answer, whose words steer no terminal", async () => {
  await using folder = await temporaryFolder();
  await using endless = serveEndlessly("\x1b]0;title\x07word\n");
  const words = ["chat", "--api", endless.url, "--data-dir", folder.path, "--no-history"];
  await using terminal = openTerminal(words, folder.path);
  await terminal.until(/>>> /);
  terminal.type("tell me\r");
  const seen = await terminal.until(/ \]0;title word/);
  for (const obeyed of ["\x1b]", "\x07"]) assert.ok(!seen.includes(obeyed), JSON.stringify(seen));
  terminal.type("\x03");
  await terminal.until(/\(stopped\)[^]*>>> /);
  terminal.type("/exit\r");
  assert.equal(await terminal.exited(), 0);
  await assert.rejects(Deno.stat(join(folder.path, "chat-history.json")), Deno.errors.NotFound);

  const single = programCommand([...words, "tell me"], {}, folder.path).spawn();
  const output = single.stdout.getReader();
  await output.read();
  single.kill("SIGINT");
  assert.equal((await single.status).code, 130);
  await Promise.all([output.cancel(), single.stderr.cancel()]);
});

Deno.test("chat shows how far the model is loaded that an answer waits for", async () => {
  await using folder = await temporaryFolder();
  const loaded = Promise.withResolvers<void>();
  const model = { id: "slow", name: "slow", state: "loading", instances: [{ progress: 0.5 }] };
  const server = Deno.serve(LOOPBACK, async ({ url }) => {
    if (url.endsWith("/models")) return Response.json({ data: [{ id: "slow" }] });
    if (url.endsWith("/status")) return Response.json({ node: { model: null }, models: [model] });
    await loaded.promise;
    return new Response(`${answerEvent("ready now")}data: [DONE]\n\n`);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const node = { pid: Deno.pid, api: url, console: url, adminKey: "key" };
  await Deno.writeTextFile(join(folder.path, "node.json"), JSON.stringify(node));
  {
    await using terminal = openTerminal(
      ["chat", "slow", "hi", "--data-dir", folder.path],
      folder.path,
    );
    await terminal.until(/loading slow.*50/);
    loaded.resolve();
    await terminal.until(/ready now/);
    assert.equal(await terminal.exited(), 0);
  }
  await server.shutdown();
});

Deno.test("the words of chat are a model, a prompt, or both", () => {
  const around = { models: ["guide"], isTyped: true };
  assert.deepEqual(meaningOfWords([], around), { model: null, prompt: null });
  assert.deepEqual(meaningOfWords(["guide"], around), { model: "guide", prompt: null });
  assert.deepEqual(meaningOfWords(["a b"], around), { model: null, prompt: "a b" });
  assert.deepEqual(meaningOfWords(["x", "a", "b"], around), { model: "x", prompt: "a b" });
  assert.deepEqual(meaningOfWords(["hi"], { ...around, isTyped: false }), {
    model: null,
    prompt: "hi",
  });
  assert.throws(() => meaningOfWords(["guid"], around), /did you mean guide\?/);
});

Deno.test("a text of several lines ends with its quotes, or with a line that does not go on", () => {
  const rows: [lines: string[], text: string | null][] = [
    [["one"], "one"],
    [["one\\"], null],
    [["one\\", "two"], "one\ntwo"],
    [['"""'], null],
    [['"""one', "two"], null],
    [['"""', "one", "two", '"""'], "one\ntwo"],
    [['"""one"""'], "one"],
  ];
  for (const [lines, text] of rows) {
    const { isOpen, quoted } = textState(lines);
    assert.equal(isOpen ? null : textOf(lines, quoted), text);
  }
});

const LOOPBACK = { port: 0, hostname: "127.0.0.1", onListen: () => {} };

function answerEvent(content: string): string {
  return `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
}

/** An API whose answer never ends. */
function serveEndlessly(content: string) {
  const server = Deno.serve(LOOPBACK, (request) => {
    if (request.url.endsWith("/models")) return Response.json({ data: [{ id: "endless" }] });
    const event = answerEvent(content);
    let timer: ReturnType<typeof setInterval> | undefined;
    const body = new ReadableStream({
      start: (controller) => {
        timer = setInterval(() => controller.enqueue(new TextEncoder().encode(event)), 20);
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
