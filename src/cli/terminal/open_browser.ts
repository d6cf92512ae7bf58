import type { Logger } from "@logtape/logtape";

/** Shows the page to the person at this machine. A browser that does not start is no failure of the node. */
export async function openBrowser(
  url: string,
  { logger, umask }: { readonly logger: Logger; readonly umask: number },
): Promise<void> {
  const { default: open } = await import("open");
  // A browser that is started by this lives on, and its files are its user's.
  const own = Deno.umask(umask);
  try {
    await open(url);
  } catch (error) {
    logger.debug("No browser could be opened for {url}: {error}", { url, error });
  } finally {
    Deno.umask(own);
  }
}
