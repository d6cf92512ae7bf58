/** Whether an answer comes as Server-Sent Events. */
export function isEventStream({ headers }: { readonly headers: Headers }): boolean {
  return headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}
