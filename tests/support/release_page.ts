/** A server with the addresses of GitHub's releases, to which releases are added while it runs. */

const ADDRESS = /^\/mesh-llm\/releases\/(?:latest\/download|download\/v([^/]+))\/([^/]+)$/;

export class ReleasePage implements AsyncDisposable {
  readonly #releases = new Map<string, ReadonlyMap<string, string>>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(new URL(request.url).pathname),
  );
  #latest = "";

  /** As package.json has it. */
  get repository(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/mesh-llm`;
  }

  /** From now on the latest one. @param files their paths by their names */
  publish(version: string, files: ReadonlyMap<string, string>): void {
    this.#releases.set(version, files);
    this.#latest = version;
  }

  async #answer(pathname: string): Promise<Response> {
    const [, version = this.#latest, name = ""] = ADDRESS.exec(pathname) ?? [];
    const path = this.#releases.get(version)?.get(name);
    if (path === undefined) return new Response(null, { status: 404 });
    const file = await Deno.open(path);
    const { size } = await file.stat();
    return new Response(file.readable, { headers: { "content-length": String(size) } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
