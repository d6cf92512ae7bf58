import { join } from "node:path";

/** @returns the files of a certificate for an address and of its key, in this folder. */
export async function selfSigned(folder: string, address: string): Promise<string[]> {
  const files = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", "/CN=bench", "-addext", `subjectAltName=IP:${address}`],
      ...["-addext", "basicConstraints=critical,CA:FALSE", "-out", files[0]!, "-keyout", files[1]!],
    ],
    stderr: "null",
  }).output();
  return files;
}
