/**
 * Whether the work is done within so long. Work that is not goes on by itself: a disk that hangs ends no write.
 * @throws what the work throws meanwhile.
 */
export async function finishesWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), limitMs);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {}); // the caller that waited has gone on
  }
}
