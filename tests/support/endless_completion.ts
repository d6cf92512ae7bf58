/** A streamed completion of the guide, or of a ballast, that goes on until the context ends. */
export function endlessCompletion(apiUrl: string, model: string): Promise<Response> {
  return fetch(`${apiUrl}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      prompt: "user: what is a mesh?\nassistant: ",
      temperature: 0,
      ignore_eos: true,
      stream: true,
    }),
  });
}
