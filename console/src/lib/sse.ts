/** Reads the `data` of Server-Sent Events out of bytes that may be cut anywhere. */
export class SseDecoder {
  readonly #utf8 = new TextDecoder();
  #line = "";
  #data: string[] = [];
  #lastWasCarriageReturn = false;

  /** The data of every event that these bytes complete. */
  push(bytes: Uint8Array): string[] {
    const events: string[] = [];
    for (const char of this.#utf8.decode(bytes, { stream: true })) {
      if (char === "\n" && this.#lastWasCarriageReturn) {
        this.#lastWasCarriageReturn = false;
        continue;
      }
      this.#lastWasCarriageReturn = char === "\r";
      if (char !== "\n" && char !== "\r") this.#line += char;
      else this.#endLine(events);
    }
    return events;
  }

  #endLine(events: string[]): void {
    const line = this.#line;
    this.#line = "";
    if (line === "") {
      if (this.#data.length > 0) events.push(this.#data.join("\n"));
      this.#data = [];
    } else if (line === "data" || line.startsWith("data:")) {
      this.#data.push(line.slice("data:".length).replace(/^ /, ""));
    }
  }
}
