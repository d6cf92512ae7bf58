/**
 * The text of an answer that has to be read whole: an error, or a few fields of JSON.
 * @throws {RangeError} where it does not end within `maxBytes`, which no honest one needs.
 */
export async function wholeText(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for await (const piece of pieces) {
    size += piece.length;
    if (size > maxBytes) throw new RangeError(`The answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
