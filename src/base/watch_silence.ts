/**
 * Hands pieces on, and calls `onSilence` where their source gives none for so long. The time that the reader takes with a
 * piece does not count.
 */
export async function* watchSilence<T>(
  pieces: AsyncIterable<T>,
  silentMs: number,
  onSilence: () => void,
): AsyncGenerator<T> {
  let timer = setTimeout(onSilence, silentMs);
  try {
    for await (const piece of pieces) {
      clearTimeout(timer);
      yield piece;
      timer = setTimeout(onSilence, silentMs);
    }
  } finally {
    clearTimeout(timer);
  }
}
