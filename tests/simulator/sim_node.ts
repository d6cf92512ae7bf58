import { MESH_TIMINGS } from "../../src/mesh/config.ts";
import type { Clock } from "../../src/mesh/base/clock.ts";
import { MAX_STORED_PEERS } from "../../src/mesh/base/defaults.ts";
import { keptAddresses } from "../../src/mesh/trust/kept_addresses.ts";
import { Member } from "../../src/mesh/gossip/member.ts";
import type { MemberChange } from "../../src/mesh/gossip/membership.ts";
import type { MeshRecord, RecordContent } from "../../src/mesh/gossip/record.ts";
import type { PeerId } from "../../src/mesh/base/peer_id.ts";
import { content } from "../mesh/content.ts";
import type { Connection } from "./network.ts";
import type { NodeSetup, SimModel } from "./scenario.ts";
import { SimLinks } from "./sim_links.ts";
import { offeredBy, SimMemory } from "./sim_memory.ts";
import { SimServing } from "./sim_serving.ts";
import { toldErrors } from "./told_errors.ts";
import type { World } from "./world.ts";

/** One machine with one node, through all the lives of its process. */
export class SimNode {
  readonly name: string;
  /** Its models; downloads add to them, and outlive the process. */
  readonly disk: SimModel[];
  readonly memory: SimMemory;
  /** Rises with each start. */
  life = 0;
  running = false;
  clock: Clock;
  links!: SimLinks;
  member!: Member;
  serving: SimServing | undefined;
  #skewMs: number;
  #awakeAt = 0;
  #incarnation = 0;
  #stored: ReadonlyMap<PeerId, readonly string[]> = new Map();
  /** Members have joined or left since that was written. */
  #isStale = false;

  constructor(
    readonly world: World,
    readonly index: number,
    readonly peer: PeerId,
    readonly setup: NodeSetup,
  ) {
    this.name = `node ${index}`;
    this.disk = [...setup.models];
    this.memory = new SimMemory(offeredBy(setup));
    this.#skewMs = setup.skewMs;
    this.clock = this.#clockOfLife();
  }

  /** The address on which it listens; the simulated network finds nodes by their PeerIds. */
  get address(): string {
    const { index, peer } = this;
    return `/ip4/10.0.${index >> 8}.${index & 255}/udp/4001/quic-v1/p2p/${peer}`;
  }

  /** Starts the process, with a token that names these nodes or with what its directory holds. */
  start(token: readonly SimNode[] = []): void {
    if (this.running) return;
    this.life += 1;
    this.running = true;
    this.world.moves.reason();
    this.#awakeAt = 0;
    this.clock = this.#clockOfLife();
    this.#incarnation = Math.max(this.#incarnation + 1, Math.floor(this.clock.now()));
    this.#stored = new Map([
      ...this.#stored,
      ...token.map(({ peer, address }) => [peer, [address]] as const),
    ]);
    const { network, peers, random } = this.world;
    this.links = new SimLinks(this, network, peers);
    const incarnation = () => this.#incarnation;
    const rise = (above: number) => {
      this.#incarnation = above + 1;
    };
    this.member = new Member({
      self: this.peer,
      counter: {
        get incarnation() {
          return incarnation();
        },
        rise,
      },
      clock: this.clock,
      timings: MESH_TIMINGS,
      random: random.next,
      logger: toldErrors((problem) => this.world.violations.push(`${this.name}: ${problem}`)),
      gossip: this.links,
      links: this.links,
      sign: (content) => this.#sign(content),
      open: (bytes) => this.world.signatures.open(bytes),
      addresses: () => [this.address],
      stored: () => this.#remembered(),
      changed: (changes) => this.#onChanged(changes),
    });
    this.member.start();
    if (this.setup.idle) {
      this.member.view.announce(content({ name: this.name }));
    } else {
      this.serving = new SimServing(this);
      this.serving.start();
    }
  }

  /** The process is killed. */
  crash(): void {
    if (!this.running) return;
    const open = this.links.all();
    this.#end();
    for (const connection of open) {
      const other = connection.dialer === this ? connection.listener : connection.dialer;
      this.world.network.fallSilent(connection, other);
    }
  }

  /** The node stops and says so. */
  async stop(): Promise<void> {
    if (!this.running) return;
    const { member, links } = this;
    this.serving?.stop();
    await member.finish();
    if (links !== this.links || !this.running) return;
    for (const connection of links.all()) this.world.network.close(connection, this);
    this.#end();
  }

  /** The process does nothing for a while; its QUIC goes on answering. */
  stall(forMs: number): void {
    this.#awakeAt = Math.max(this.#awakeAt, this.world.time.now + forMs);
  }

  /** Somebody sets the machine's clock. */
  setClock(skewMs: number): void {
    this.#skewMs = skewMs;
  }

  /** Runs something as soon as the process gets to it. */
  whenAwake(run: () => void): void {
    const { time } = this.world;
    if (this.#awakeAt <= time.now) return run();
    time.at(this.#awakeAt, () => this.whenAwake(run));
  }

  admitted(connection: Connection): void {
    this.links.admitted(connection);
  }

  closed(connection: Connection): void {
    this.whenAwake(() => this.running && this.links.closed(connection));
  }

  #end(): void {
    this.#remembered();
    this.running = false;
    this.serving?.kill();
    this.memory.clear();
    this.world.moves.forget(this);
    this.world.tunnels.nodeEnded(this);
  }

  #sign(content: RecordContent): MeshRecord {
    const { signatures } = this.world;
    // Every node joined by the founder's one invite.
    const links = ["founder", "invite", this.peer];
    if (content.status === "alive") {
      const { peer: subject, incarnation, seq } = content.announcement;
      return signatures.sign({ subject, incarnation, seq, signer: this.peer, links, ...content });
    }
    const { subject, version: { incarnation, seq }, status } = content;
    return signatures.sign({
      subject,
      incarnation,
      seq,
      status,
      signer: this.peer,
      links,
      announcement: null,
    });
  }

  #onChanged(changes: readonly MemberChange[]): void {
    const kinds = changes.map(({ change }) => change).filter((kind) => kind !== "measured");
    if (kinds.some((kind) => kind !== "updated")) {
      this.#isStale = true;
      this.world.moves.reason();
    }
    if (kinds.length > 0) this.serving?.membersChanged();
  }

  /** The addresses of others that it has kept: as the program does at each change, but for its disk. */
  #remembered(): ReadonlyMap<PeerId, readonly string[]> {
    if (!this.#isStale) return this.#stored;
    this.#isStale = false;
    const { members } = this.member.view;
    const strangers = [...this.#stored].filter(([peer]) => !this.member.view.isAlive(peer));
    const kept = keptAddresses(
      members.slice(0, MAX_STORED_PEERS).flatMap(({ addresses }) => addresses),
      strangers.flatMap(([, addresses]) => addresses),
      MAX_STORED_PEERS,
    );
    this.#stored = new Map(kept.map((address) => [peerOf(address), [address]]));
    return this.#stored;
  }

  #clockOfLife(): Clock {
    const { time } = this.world;
    const life = this.life;
    return {
      now: () => EPOCH_MS + time.now + this.#skewMs,
      elapsed: () => time.now,
      after: (delayMs, run) =>
        time.at(time.now + delayMs, () => {
          this.whenAwake(() => this.running && this.life === life && run());
        }),
    };
  }
}

/** Every node has one address here, and it ends with its PeerId. */
function peerOf(address: string): PeerId {
  return address.slice(address.lastIndexOf("/") + 1) as PeerId;
}

/** Any time will do, as long as it is the same each time. */
const EPOCH_MS = 1_800_000_000_000;
