/**
 * The program, but a mesh of more than two active nodes is a large one, and nobody waits for long: its idle nodes
 * leave the gossip at once. Run with the arguments of the program.
 */

import { serveWith } from "./serve_with.ts";

await serveWith({
  standby: { maxActive: 2, settleMs: 500, refreshMinMs: 200, refreshMaxMs: 400, spreadMs: 200 },
});
