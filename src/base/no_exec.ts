/** Whether the system runs nothing that lies in a folder: its disk is mounted noexec. Only Linux says so beforehand. */
export function isNoExec(folder: string): boolean {
  try {
    return optionsOf(Deno.realPathSync(folder), Deno.readTextFileSync("/proc/self/mounts"))
      .includes("noexec");
  } catch {
    return false; // no such folder, or no Linux
  }
}

/** Of the disk that a folder lies on; of several mounts in one place the last is seen. */
export function optionsOf(folder: string, mounts: string): readonly string[] {
  let found = { place: "", options: [] as readonly string[] };
  for (const line of mounts.split("\n")) {
    const [, escaped = "", , options = ""] = line.split(" ");
    const place = escaped.replace(
      /\\(\d{3})/g,
      (_, code) => String.fromCharCode(parseInt(code, 8)),
    );
    const isAbove = place === folder ||
      folder.startsWith(place.endsWith("/") ? place : `${place}/`);
    if (place !== "" && isAbove && place.length >= found.place.length) {
      found = { place, options: options.split(",") };
    }
  }
  return found.options;
}
