import type { Logger } from "@logtape/logtape";
import type { InstallProgress } from "../engine/mod.ts";

/** Logs an installation by steps and whole percents: a download reports every piece. */
export function installProgressLog(logger: Logger): (progress: InstallProgress) => void {
  let logged = "";
  return (progress) => {
    const { step, receivedBytes, totalBytes } = progress;
    const percent = totalBytes === null ? null : Math.floor(100 * receivedBytes / totalBytes);
    const key = `${step} ${percent}`;
    if (key === logged) return;
    logged = key;
    logger.info("{step}", { event: "progress", task: "install", ...progress });
  };
}
