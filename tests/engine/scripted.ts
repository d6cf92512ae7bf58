import type { Engine } from "../../src/engine/mod.ts";
import { writeScript } from "./temp_dir.ts";

/** llama.cpp made of scripts, for faults that the real one does not have. */
export async function scripted(dataDir: string, llamaServer: string): Promise<Engine> {
  const path = await writeScript(dataDir, "llama-server", llamaServer);
  return {
    llamaServer: path,
    rpcServer: path,
    build: "0",
    rpcProtocol: "0.0.0",
    devices: [],
    leftOut: [],
    llamaServerFlags: new Set(),
    rpcServerFlags: new Set(),
  };
}
