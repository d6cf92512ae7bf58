import { ActiveMesh } from "./active_mesh.ts";
import type { AnnouncementContent } from "./base/announcement.ts";
import type { MeshMode, ModeParts } from "./mesh_mode.ts";
import { PassiveMesh } from "./passive_mesh.ts";
import { RelayMesh } from "./relay_mesh.ts";
import { withoutNodes } from "./routes/routing_table.ts";

/** The one mode that a node is in, and its way from one to the other and back. */
export class Modes {
  readonly #parts: ModeParts;
  #current: MeshMode;
  /** One change after the other. */
  #changing: Promise<void> = Promise.resolve();
  #isKept = false;
  /** It has been in the gossip before. */
  #hasGossiped = false;
  /** Its announcement while it gossips. */
  #content: AnnouncementContent | undefined;

  constructor(parts: ModeParts, { passive }: { readonly passive: boolean }) {
    this.#parts = parts;
    this.#current = parts.role === "relay"
      ? new RelayMesh(parts)
      : passive
      ? new PassiveMesh(parts)
      : new ActiveMesh(parts);
  }

  get current(): MeshMode {
    return this.#current;
  }

  announce(content: AnnouncementContent): void {
    this.#current.announce(content);
    this.#content = content;
  }

  /** Leaves the gossip; resolves once it has. */
  leave(): Promise<void> {
    return this.#change(() => this.#leave());
  }

  /** Joins the gossip; resolves once it has. */
  enter(): Promise<void> {
    return this.#change(() => this.#enter());
  }

  /** From now on no change begins. */
  keep(): void {
    this.#isKept = true;
  }

  async finish(): Promise<void> {
    this.keep();
    await this.#changing;
    await this.#current.finish();
  }

  #change(step: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(step);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #leave(): Promise<void> {
    if (this.#current.passive || this.#isKept) return;
    const { self, network, emit } = this.#parts;
    this.#hasGossiped = true;
    const active = this.#current;
    const table = withoutNodes(active.routes(), (peer) => peer === self);
    const passive = new PassiveMesh(this.#parts, table);
    this.#current = passive;
    await active.finish();
    // Peers close what gossip has left, once nothing uses it; what this node asks next is not to meet that.
    network.disconnectIdle(new Error("This node is free and leaves the gossip"));
    passive.start();
    emit({ type: "members" });
  }

  async #enter(): Promise<void> {
    if (!this.#current.passive || this.#isKept) return;
    const { identity, network, emit } = this.#parts;
    const passive = this.#current;
    network.disconnectPassive(new Error("This node joins the gossip"));
    // A life of its own: what was said of the last one, its end above all, is not about this one.
    if (this.#hasGossiped) identity.rise(identity.incarnation);
    const known = this.#hasGossiped ? passive.livingPeers() : [];
    const active = new ActiveMesh(this.#parts, known, passive.routes());
    this.#current = active;
    if (this.#content !== undefined) active.announce(this.#content);
    for (const { connection } of network.activeConnections()) active.takeOver(connection);
    active.start();
    await passive.finish();
    emit({ type: "members" });
  }
}
