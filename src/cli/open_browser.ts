import type { Logger } from "@logtape/logtape";

/** Shows the page to whoever sits at this machine. A browser that does not start is no failure of the node. */
export async function openBrowser(url: string, logger: Logger): Promise<void> {
  try {
    const { default: open } = await import("open");
    await open(url);
  } catch (error) {
    logger.debug("No browser could be opened for {url}: {error}", { url, error });
  }
}
